import type { Tokenizer } from "@attune/spec";
import { AttuneError } from "@attune/spec";

/** An answered example shown before the question. */
export interface Shot {
  readonly text: string;
  /** What the model would have to say, as in the task's completions. */
  readonly completion: string;
}

/** Makes prompts out of texts. */
export interface PromptTemplate {
  /** The template as given, for results. */
  readonly template: string;
  readonly shots: readonly Shot[];
  /** The prompt for one text; the text is inserted as it is, whatever it contains. */
  render(text: string): string;
}

const PLACEHOLDER = "{text}";

/**
 * A prompt with one `{text}` in it, after any shots, each shot being the template, its completion and the separator
 * (a blank line by default). Throws OPTIONS_INVALID unless `{text}` occurs exactly once.
 */
export function createPromptTemplate(
  template: string,
  options: { readonly shots?: readonly Shot[]; readonly separator?: string } = {},
): PromptTemplate {
  const { shots = [], separator = "\n\n" } = options;
  const parts = template.split(PLACEHOLDER);
  if (parts.length !== 2) {
    throw new AttuneError(
      "OPTIONS_INVALID",
      `A prompt template needs ${PLACEHOLDER} exactly once, received it ${parts.length - 1} times in ${JSON.stringify(template)}.`,
      { details: { key: "prompt" } },
    );
  }
  const fill = (text: string): string => parts[0] + text + parts[1];
  const shown = shots.map(({ text, completion }) => fill(text) + completion + separator).join("");
  return { template, shots, render: (text) => shown + fill(text) };
}

/** A prompt that fits, and what of the text is in it. */
export interface FittedPrompt {
  readonly prompt: string;
  /** The text that was inserted. */
  readonly text: string;
  readonly truncated: boolean;
}

/**
 * Renders the prompt with the longest beginning of the text, cut between tokens, that keeps it within `maxTokens`.
 * Training rows and evaluation must use the same cut, so both call this. Throws CONTEXT_EXCEEDED when the template and
 * its shots alone do not fit.
 */
export function fitPrompt(
  template: PromptTemplate,
  text: string,
  tokenizer: Pick<Tokenizer, "encode">,
  maxTokens: number,
): FittedPrompt {
  return fitAbridged(template, abridge(text, tokenizer, maxTokens), tokenizer, maxTokens);
}

/** A text, or the parts of a long one that decide what of it fits. */
interface Abridged {
  readonly text: string;
  readonly ids: Uint32Array;
  /** As `Encoding.offsets`. */
  readonly offsets: Uint32Array;
}

/** So many prompts' tokens of a long text are looked at: enough that no token which could fit depends on what follows them. */
const abridgedPrompts = 2;
const usualCharactersPerToken = 4;
/** Characters of its end, which may share a token with what the template puts behind the text. */
const endCharacters = 64;

/** Leaves out the middle of a text of which only the beginning can fit, so that a mail of a megabyte costs what one of a page does. */
function abridge(text: string, tokenizer: Pick<Tokenizer, "encode">, maxTokens: number): Abridged {
  const wanted = abridgedPrompts * maxTokens;
  for (let length = wanted * usualCharactersPerToken; length + endCharacters < text.length; length *= 2) {
    const parts = text.slice(0, length) + text.slice(-endCharacters);
    const encoded = tokenizer.encode(parts);
    if (encoded.ids.length >= wanted) return { text: parts, ...encoded };
  }
  return { text, ...tokenizer.encode(text) };
}

function fitAbridged(
  template: PromptTemplate,
  { text, ids, offsets }: Abridged,
  tokenizer: Pick<Tokenizer, "encode">,
  maxTokens: number,
): FittedPrompt {
  const lengthOf = (candidate: string): number => tokenizer.encode(template.render(candidate)).ids.length;
  const whole = lengthOf(text);
  if (whole <= maxTokens) return { prompt: template.render(text), text, truncated: false };
  let kept = Math.min(ids.length, ids.length - (whole - maxTokens));
  while (kept > 0) {
    const cut = text.slice(0, offsets[2 * kept - 1]);
    const excess = lengthOf(cut) - maxTokens;
    if (excess <= 0) return { prompt: template.render(cut), text: cut, truncated: true };
    kept -= excess;
  }
  if (lengthOf("") <= maxTokens) return { prompt: template.render(""), text: "", truncated: true };
  throw new AttuneError(
    "CONTEXT_EXCEEDED",
    `The prompt takes ${lengthOf("")} tokens before any text, expected at most ${maxTokens}.`,
    { hint: "Shorten the template, show fewer examples, or use a model with a longer context." },
  );
}

/** A rest that fills less than this share of a prompt's room says too little to be asked about alone. */
const leastShare = 0.25;

/**
 * Prompts that together read a text from its beginning, each with as much of what is left as fits, at most `maxPieces`. A short
 * rest is left out. The last prompt says whether some of the text is in none. Training rows and evaluation both call this.
 *
 * @throws AttuneError `CONTEXT_EXCEEDED` where not even an empty text fits
 */
export function fitPieces(
  template: PromptTemplate,
  text: string,
  tokenizer: Pick<Tokenizer, "encode">,
  maxTokens: number,
  maxPieces: number,
): FittedPrompt[] {
  const pieces = [fitPrompt(template, text, tokenizer, maxTokens)];
  let rest = text.slice(pieces[0]!.text.length).trimStart();
  const room = maxTokens - tokenizer.encode(template.render("")).ids.length;
  while (pieces.length < maxPieces && rest !== "") {
    const abridged = abridge(rest, tokenizer, maxTokens);
    if (abridged.ids.length < leastShare * room) break;
    const piece = fitAbridged(template, abridged, tokenizer, maxTokens);
    if (piece.text === "") break;
    pieces.push(piece);
    rest = rest.slice(piece.text.length).trimStart();
  }
  return pieces.map((piece, index) => ({ ...piece, truncated: index === pieces.length - 1 && rest !== "" }));
}
