import { pushToken, type TokenBuffer } from "@attune/tokenizer-core";

const longestCached = 128;
const entriesPerGeneration = 1 << 15;

/**
 * Remembers the tokens of pieces, since most words of a text were seen before. Bounded: when a generation of entries
 * is full, the one before it is forgotten; an entry that is used again moves to the new one.
 */
export class WordCache {
  #recent = new Map<string, Uint32Array>();
  #older = new Map<string, Uint32Array>();

  /** Appends the tokens of a piece if they are known, and says whether they were. */
  append(text: string, output: TokenBuffer): boolean {
    if (text.length > longestCached) return false;
    let entry = this.#recent.get(text);
    if (!entry) {
      entry = this.#older.get(text);
      if (!entry) return false;
      this.#store(text, entry);
    }
    for (let index = 0; index < entry.length; index += 3) {
      pushToken(output, entry[index]!, entry[index + 1]!, entry[index + 2]!);
    }
    return true;
  }

  /** Remembers the tokens of a piece that were just appended, from the given one on. */
  remember(text: string, output: TokenBuffer, first: number): void {
    if (text.length > longestCached) return;
    const entry = new Uint32Array(3 * (output.length - first));
    for (let index = first, at = 0; index < output.length; index++) {
      entry[at++] = output.ids[index]!;
      entry[at++] = output.offsets[2 * index]!;
      entry[at++] = output.offsets[2 * index + 1]!;
    }
    this.#store(text, entry);
  }

  #store(text: string, entry: Uint32Array): void {
    if (this.#recent.size >= entriesPerGeneration) {
      this.#older = this.#recent;
      this.#recent = new Map();
    }
    this.#recent.set(text, entry);
  }
}
