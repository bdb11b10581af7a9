// One tokenising pass gives ids and the label mask together, so that no prompt length is ever counted apart from its row.
import { AttuneError, type Tokenizer } from "@attune/spec";
import { ignoredLabel } from "@attune/tensor-core";

/** A stretch of a row's text and whether the model learns to say it. */
export interface TextSegment {
  readonly text: string;
  readonly trained: boolean;
  /** Who speaks, for previews: "system", "user", "assistant", "prompt", "completion". */
  readonly role?: string | undefined;
}

/** A tokenised row. */
export interface TrainingExample {
  readonly id: string;
  readonly ids: Int32Array;
  /** The id where the token is trained, `ignoredLabel` elsewhere; not shifted. */
  readonly labels: Int32Array;
  /** Whether this is a document, every token of it trained, which packing may cut over several rows. Default false. */
  readonly splits?: boolean | undefined;
  /** Whether this is general text, mixed in against forgetting. Default false. */
  readonly replay?: boolean | undefined;
}

/** How rows are tokenised. */
export interface TokenizeOptions {
  /** Put the tokenizer's BOS in front; default: as the tokenizer does. */
  readonly addBos?: boolean | undefined;
  /** Train an EOS after the last trained segment; default true. */
  readonly addEos?: boolean | undefined;
  /** Text holds control tokens (a rendered chat template); default false: text is only text. */
  readonly parseSpecialTokens?: boolean | undefined;
  /** Refuse rows in which a trained stretch does not end with a special token; default false. */
  readonly requireEnds?: boolean | undefined;
}

/**
 * Tokenises the segments of a row in one pass.
 *
 * @throws AttuneError `LABELS_INVALID` where a token spans a trained and an untrained segment, where the text in front of a
 * trained segment alone has other tokens, where there is more than one BOS, where a trained stretch has no end though
 * `requireEnds` is set, or where an EOS is wanted and the tokenizer has none
 */
export function tokenizeSegments(
  id: string,
  segments: readonly TextSegment[],
  tokenizer: Tokenizer,
  options: TokenizeOptions = {},
): TrainingExample {
  const { addBos = tokenizer.addsBos, addEos = true, parseSpecialTokens = false, requireEnds = false } = options;
  const text = segments.map((segment) => segment.text).join("");
  const { ids, offsets } = tokenizer.encode(text, { parseSpecialTokens });
  const trained = trainedTokens(id, segments, ids.length, offsets);
  assertPrefixes(id, segments, ids, (prompt) => tokenizer.encode(prompt, { parseSpecialTokens }).ids);
  if (requireEnds) assertEnds(id, ids, trained, tokenizer);
  const bos = addBos && ids[0] !== tokenizer.specialTokens.bos ? [requireToken(tokenizer, "bos")] : [];
  const endsTrained = segments.at(-1)?.trained ?? false;
  const eos =
    addEos && endsTrained && ids.at(-1) !== tokenizer.specialTokens.eos ? [requireToken(tokenizer, "eos")] : [];
  const row = Int32Array.from([...bos, ...ids, ...eos]);
  const labels = new Int32Array(row.length).fill(ignoredLabel);
  trained.forEach((isTrained, index) => {
    if (isTrained) labels[index + bos.length] = ids[index]!;
  });
  if (eos.length > 0) labels[row.length - 1] = eos[0]!;
  assertOneBos(id, row, tokenizer);
  return { id, ids: row, labels };
}

/** Number of tokens of a row that the loss counts; the first token of a row is never predicted. */
export function trainedCount(example: TrainingExample): number {
  let count = 0;
  for (let index = 1; index < example.labels.length; index++) if (example.labels[index] !== ignoredLabel) count++;
  return count;
}

function trainedTokens(id: string, segments: readonly TextSegment[], count: number, offsets: Uint32Array): boolean[] {
  const ends: number[] = [];
  let position = 0;
  for (const segment of segments) {
    position += segment.text.length;
    ends.push(position);
  }
  let segment = 0;
  return Array.from({ length: count }, (_, token) => {
    const [start, end] = [offsets[2 * token]!, offsets[2 * token + 1]!];
    while (segment < ends.length - 1 && start >= ends[segment]!) segment++;
    const { trained } = segments[segment]!;
    const crossed = segments.findIndex(
      (other, index) => index > segment && other.trained !== trained && end > ends[index - 1]!,
    );
    if (crossed !== -1) {
      throw new AttuneError(
        "LABELS_INVALID",
        `Row "${id}": one token covers the end of "${describe(segments[segment]!)}" and the start of "${describe(segments[crossed]!)}", so the prompt's tokens are no prefix of the row's.`,
        {
          hint: "Let the trained text start with a space or a line feed, or end the prompt with one that the tokenizer splits at.",
        },
      );
    }
    return trained;
  });
}

/** A model is asked with the tokens of the prompt alone, so these have to be the ones that it learnt to go on from. */
function assertPrefixes(
  id: string,
  segments: readonly TextSegment[],
  ids: Uint32Array,
  encode: (text: string) => Uint32Array,
): void {
  let text = "";
  for (const [index, segment] of segments.entries()) {
    const opens = segment.trained && index > 0 && !segments[index - 1]!.trained && text !== "";
    if (opens && encode(text).some((token, place) => token !== ids[place])) {
      throw new AttuneError(
        "LABELS_INVALID",
        `Row "${id}": in front of "${describe(segment)}" the text alone has other tokens than in the row, so the prompt's tokens are no prefix of the row's.`,
        { hint: "Move white space from the end of the prompt to the start of the trained text." },
      );
    }
    text += segment.text;
  }
}

/** Without an end that is trained, the model never learns to stop. */
function assertEnds(id: string, ids: Uint32Array, trained: readonly boolean[], tokenizer: Tokenizer): void {
  const open = trained.findIndex(
    (isTrained, index) => isTrained && trained[index + 1] !== true && !tokenizer.specialIds.has(ids[index]!),
  );
  if (open === -1) return;
  throw new AttuneError(
    "LABELS_INVALID",
    `Row "${id}" trains ${JSON.stringify(tokenizer.decode([ids[open]!]))} as the last token of a turn, so the model would not learn to stop.`,
    {
      hint: "Let the chat template end the assistant's turns with eos_token, or set template.endOfText: false if they need no end.",
    },
  );
}

function describe(segment: TextSegment): string {
  return segment.role ?? (segment.text.length > 24 ? `${segment.text.slice(0, 24)}…` : segment.text);
}

function requireToken(tokenizer: Tokenizer, name: "bos" | "eos"): number {
  const token = tokenizer.specialTokens[name];
  if (token !== undefined) return token;
  throw new AttuneError(
    "LABELS_INVALID",
    `Tokenizer "${tokenizer.id}" has no ${name.toUpperCase()} token, but rows need one.`,
    {
      hint: name === "eos" ? "Set addEos: false, or name the token in tokenizer_config.json." : "Set addBos: false.",
    },
  );
}

function assertOneBos(id: string, row: Int32Array, tokenizer: Tokenizer): void {
  const { bos, eos } = tokenizer.specialTokens;
  if (bos === undefined || bos === eos) return;
  const count = row.reduce((sum, token) => sum + (token === bos ? 1 : 0), 0);
  if (count > 1) {
    throw new AttuneError(
      "LABELS_INVALID",
      `Row "${id}" begins with or holds ${count} BOS tokens; at most one is right.`,
      {
        hint: "A rendered chat template brings its own BOS: set addBos: false.",
      },
    );
  }
}
