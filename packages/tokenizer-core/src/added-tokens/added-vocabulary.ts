import { corruptTokenizer } from "../corrupt-tokenizer.ts";
import { previousCodePoint } from "../encode/aligned-text.ts";
import { type Normalizer, normalizeText } from "../encode/normalizer.ts";
import { wordClass } from "../pattern/regex-characters.ts";
import type { TokenizerModel } from "../tokenizer-plugin.ts";
import type { AddedToken } from "./added-token.ts";
import { createTokenTrie, type TokenTrie } from "./token-trie.ts";

/** The added tokens of a tokenizer, over the vocabulary of its model. */
export interface AddedVocabulary {
  readonly byId: ReadonlyMap<number, AddedToken>;
  readonly idOf: ReadonlyMap<string, number>;
  readonly specialIds: ReadonlySet<number>;
  /** One more than the largest id of model and added tokens. */
  readonly vocabularySize: number;
  /** Cuts a text at the tokens that are looked for in texts as written (or in normalised ones). */
  split(text: string, normalized: boolean, special: boolean, report: ReportPart): void;
}

/** Receives a part of a text: an added token's id, or -1 for text between them. */
type ReportPart = (id: number, from: number, to: number) => void;

/** An added token and the id that a file gives it. */
export interface NumberedToken {
  readonly id: number;
  readonly token: AddedToken;
}

/**
 * Collects added tokens. Ids must be unique: one that the model has already must be of the same token.
 * Throws `FILE_CORRUPT` for two meanings of one id.
 */
export function createAddedVocabulary(
  tokens: readonly NumberedToken[],
  model: TokenizerModel,
  normalizer: Normalizer,
  where: string,
): AddedVocabulary {
  const byId = new Map<number, AddedToken>();
  const idOf = new Map<string, number>();
  for (const { id, token } of tokens) {
    checkId(id, token, model, byId, idOf, where);
    byId.set(id, token);
    idOf.set(token.content, id);
  }
  const tries = new Map<string, TokenTrie>();
  for (const normalized of [false, true]) {
    for (const special of [false, true]) {
      const wanted = [...byId].filter(([, token]) => token.normalized === normalized && (special || !token.special));
      const written = (content: string) => (normalized ? normalizeText(normalizer, content) : content);
      tries.set(`${normalized}/${special}`, createTokenTrie(wanted.map(([id, { content }]) => [written(content), id])));
    }
  }
  return {
    byId,
    idOf,
    specialIds: new Set([...byId].filter(([, { special }]) => special).map(([id]) => id)),
    vocabularySize: [...byId.keys()].reduce((size, id) => Math.max(size, id + 1), model.vocabularySize),
    split: (text, normalized, special, report) =>
      splitAtTokens(text, tries.get(`${normalized}/${special}`)!, byId, report),
  };
}

function checkId(
  id: number,
  { content }: AddedToken,
  model: TokenizerModel,
  byId: ReadonlyMap<number, AddedToken>,
  idOf: ReadonlyMap<string, number>,
  where: string,
): void {
  const fail = (problem: string) =>
    corruptTokenizer(where, `the added token ${JSON.stringify(content)} has the id ${id}, but ${problem}.`);
  if (!Number.isSafeInteger(id) || id < 0 || id >= 2 ** 31) throw fail("that is no id");
  const holder = byId.get(id)?.content ?? model.tokenOf(id);
  if (holder !== undefined && holder !== content) throw fail(`that id is of ${JSON.stringify(holder)}`);
  const other = idOf.get(content) ?? model.idOf(content);
  if (other !== undefined && other !== id) throw fail(`the vocabulary gives it the id ${other}`);
}

const wordEnd = new RegExp(`[${wordClass}\\u200c\\u200d]$`, "v");
const wordStart = new RegExp(`^[${wordClass}\\u200c\\u200d]`, "v");
const space = /\p{White_Space}/u;

function splitAtTokens(text: string, trie: TokenTrie, byId: ReadonlyMap<number, AddedToken>, report: ReportPart): void {
  let position = 0;
  trie.find(text, (id, matchFrom, matchTo) => {
    const token = byId.get(id)!;
    if (token.singleWord && touchesWord(text, matchFrom, matchTo)) return;
    let from = matchFrom;
    let to = matchTo;
    while (token.leftStrip && from > position && space.test(text[from - 1]!)) from -= 1;
    while (token.rightStrip && to < text.length && space.test(text[to]!)) to += 1;
    from = Math.max(from, position);
    // A token of white space that the one before took along is gone, if it could have taken more itself; as in the reference.
    if (token.leftStrip && from >= to) return;
    if (from > position) report(-1, position, from);
    report(id, from, to);
    position = to;
  });
  if (position < text.length) report(-1, position, text.length);
}

function touchesWord(text: string, from: number, to: number): boolean {
  const before = from > 0 && wordEnd.test(text.slice(previousCodePoint(text, from), from));
  return before || (to < text.length && wordStart.test(text.slice(to, to + 2)));
}
