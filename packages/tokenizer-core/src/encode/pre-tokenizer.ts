/** The pre-tokenizers of tokenizer.json: each cuts a piece of text into smaller ones, which the model never crosses. */

import { booleanField, choiceField, type FieldReader, textField } from "@attune/spec";
import { toByteCharacters } from "../byte-characters.ts";
import { buildComponent, buildSequence, type ComponentBuilders } from "../component.ts";
import { compileOnigurumaRegex } from "../pattern/oniguruma-regex.ts";
import { literalPattern, type Pattern, patternField, regexPattern } from "../pattern/pattern.ts";
import { wordClass } from "../pattern/regex-characters.ts";
import { type AlignedText, codePointLength, type Edit, rewriteAligned, sliceAligned } from "./aligned-text.ts";
import { buildMetaspace } from "./metaspace.ts";
import { prepend } from "./normalizer.ts";
import { type SplitBehavior, splitBehaviors, splitText } from "./split-text.ts";

/** A piece of text. With `bytes`, its UTF-8 bytes are what the model sees, each as its byte character. */
export interface Piece extends AlignedText {
  readonly bytes: boolean;
}

/** Cuts one piece and hands on the parts in order. */
export type PreTokenizer = (piece: Piece, emit: (piece: Piece) => void) => void;

/** GPT-2's expression (Radford et al. 2019): contractions, words, numbers, other signs, white space. */
export const gpt2Expression: string =
  "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+";

/** What the reference counts as punctuation: Unicode's and all signs of ASCII. */
const punctuation = "[\\p{P}\\u{24}\\u{2b}\\u{3c}-\\u{3e}\\u{5e}\\u{60}\\u{7c}\\u{7e}]";

const builders: ComponentBuilders<PreTokenizer> = {
  ByteLevel: byteLevel,
  Split: (section) =>
    splitter(
      patternField(section).pattern,
      section.read("behavior", choiceField(splitBehaviors)),
      section.read("invert", booleanField, false),
    ),
  Whitespace: () =>
    splitter(
      regexPattern(new RegExp(`[${wordClass}\\u200c\\u200d]+|[^${wordClass}\\u200c\\u200d\\p{White_Space}]+`, "gv")),
      "Removed",
      true,
    ),
  WhitespaceSplit: () => splitter(regexPattern(/\p{White_Space}/gu), "Removed"),
  Digits: (section) =>
    splitter(
      regexPattern(/\p{N}/gu),
      section.read("individual_digits", booleanField, false) ? "Isolated" : "Contiguous",
    ),
  Punctuation: (section) =>
    splitter(
      regexPattern(new RegExp(punctuation, "gv")),
      section.read("behavior", choiceField(splitBehaviors), "Isolated"),
    ),
  CharDelimiterSplit: (section) => splitter(literalPattern(section.read("delimiter", textField)), "Removed"),
  BertPreTokenizer: () =>
    inOrder([
      splitter(regexPattern(/\p{White_Space}/gu), "Removed"),
      splitter(regexPattern(new RegExp(punctuation, "gv")), "Isolated"),
    ]),
  Metaspace: (section) => onCharacters(buildMetaspace(section)),
  Sequence: (section) => inOrder(buildSequence("pre-tokenizer", builders, section, "pretokenizers")),
};

/** Builds a pre-tokenizer from its section of tokenizer.json; without one, a text is one piece. */
export function buildPreTokenizer(section: FieldReader | undefined): PreTokenizer {
  return section ? buildComponent("pre-tokenizer", builders, section) : (piece, emit) => emit(piece);
}

function inOrder(steps: readonly PreTokenizer[]): PreTokenizer {
  return steps.reduceRight<PreTokenizer>(
    (rest, step) => (piece, emit) => step(piece, (part) => rest(part, emit)),
    (piece, emit) => emit(piece),
  );
}

function splitter(pattern: Pattern, behavior: SplitBehavior, invert = false): PreTokenizer {
  return onCharacters((piece, emit) => {
    splitText(piece.text, pattern, behavior, invert, (from, to) =>
      emit({ ...sliceAligned(piece, from, to), bytes: false }),
    );
  });
}

function byteLevel(section: FieldReader): PreTokenizer {
  const addPrefixSpace = section.read("add_prefix_space", booleanField, true);
  const pattern = section.read("use_regex", booleanField, true)
    ? regexPattern(compileOnigurumaRegex(gpt2Expression, section.where))
    : undefined;
  const addSpace = prepend(" ");
  return onCharacters((given, emit) => {
    const piece = addPrefixSpace && !given.text.startsWith(" ") ? addSpace(given) : given;
    if (!pattern) return emit({ ...piece, bytes: true });
    splitText(piece.text, pattern, "Isolated", false, (from, to) => emit(bytePiece(piece, from, to)));
  });
}

/** The common case, written out because it runs once for every word. */
function bytePiece(piece: AlignedText, from: number, to: number): Piece {
  if (piece.map) return { ...sliceAligned(piece, from, to), bytes: true };
  return { text: piece.text.slice(from, to), start: piece.start + from, map: undefined, bytes: true };
}

/** A step after ByteLevel works on the byte characters themselves. */
function onCharacters(step: PreTokenizer): PreTokenizer {
  return (piece, emit) => step(piece.bytes ? spellOutBytes(piece) : piece, emit);
}

function spellOutBytes(piece: Piece): Piece {
  const edits: Edit[] = [];
  for (let from = 0; from < piece.text.length; ) {
    const to = from + codePointLength(piece.text, from);
    edits.push({ from, to, text: toByteCharacters(piece.text.slice(from, to)), anchorFrom: from, anchorTo: to });
    from = to;
  }
  return { ...rewriteAligned(piece, edits), bytes: false };
}
