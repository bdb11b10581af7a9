import { type ProgressListener, throwIfAborted } from "@attune/spec";
import { alignedText, type Normalizer, type PreTokenizer, toByteCharacters } from "@attune/tokenizer-core";

/** How often each piece occurs, spelt in the characters of the vocabulary. */
export type WordCounts = ReadonlyMap<string, number>;

/** Cuts texts into pieces as encoding will, and counts the pieces. Only the distinct ones are kept. */
export async function countWords(
  texts: Iterable<string> | AsyncIterable<string>,
  normalizer: Normalizer,
  preTokenizer: PreTokenizer,
  options: { readonly onProgress?: ProgressListener | undefined; readonly signal?: AbortSignal | undefined },
): Promise<WordCounts> {
  // Byte pieces are counted as text, which is shorter, and spelt out only once each.
  const counts = { bytes: new Map<string, number>(), characters: new Map<string, number>() };
  let characters = 0;
  let reported = 0;
  for await (const text of texts) {
    throwIfAborted(options.signal);
    preTokenizer({ ...normalizer(alignedText(text)), bytes: false }, (piece) => {
      const kind = piece.bytes ? counts.bytes : counts.characters;
      kind.set(piece.text, (kind.get(piece.text) ?? 0) + 1);
    });
    characters += text.length;
    if (characters - reported >= 1 << 22) {
      reported = characters;
      options.onProgress?.({ stage: "count words", done: characters, unit: "characters" });
    }
  }
  options.onProgress?.({ stage: "count words", done: characters, total: characters, unit: "characters" });
  const spelt = new Map(counts.characters);
  for (const [word, count] of counts.bytes) {
    const characters = toByteCharacters(word);
    spelt.set(characters, (spelt.get(characters) ?? 0) + count);
  }
  return spelt;
}
