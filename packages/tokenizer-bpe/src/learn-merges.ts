/**
 * Learns the merges of byte-pair encoding from word counts (Sennrich et al. 2016, arXiv:1508.07909): merge the most
 * frequent pair of neighbours in all words, again and again. Counts are kept up to date word by word, so a merge costs
 * what it changes and not a pass over all words. Ids and ties follow the trainer of huggingface/tokenizers.
 */
import { type ProgressListener, throwIfAborted } from "@attune/spec";
import type { WordCounts } from "./count-words.ts";
import { addOccurrence, createPairs, PairQueue, type Pairs, pairNumber } from "./pair-queue.ts";

/** When to stop, and whom to tell. */
export interface LearnOptions {
  readonly vocabularySize: number;
  readonly minFrequency: number;
  readonly onProgress?: ProgressListener | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** The words as symbols, one after the other; a word that shrinks leaves its last places unused. */
interface Words {
  readonly symbols: Int32Array;
  readonly starts: Int32Array;
  readonly lengths: Int32Array;
  readonly counts: Float64Array;
}

/** Merges between two turns of the event loop, so that a run can be watched and aborted. */
const mergesPerTurn = 128;

/** Adds tokens to the vocabulary (ids in order) until it is full or no pair is frequent enough; returns the merges. */
export async function learnMerges(
  tokens: string[],
  wordCounts: WordCounts,
  options: LearnOptions,
): Promise<(readonly [string, string])[]> {
  const idOf = new Map(tokens.map((token, id) => [token, id]));
  const words = spellWords(wordCounts, idOf);
  const pairs = countPairs(words);
  const queue = new PairQueue(pairs);
  for (let number = 0; number < pairs.lefts.length; number++) queue.push(number);
  const merges: (readonly [string, string])[] = [];
  while (tokens.length < options.vocabularySize) {
    const best = queue.pop();
    if (best < 0 || pairs.counts[best]! < Math.max(1, options.minFrequency)) break;
    const [left, right] = [tokens[pairs.lefts[best]!]!, tokens[pairs.rights[best]!]!];
    const merged = left + right;
    const id = idOf.get(merged) ?? tokens.push(merged) - 1;
    idOf.set(merged, id);
    merges.push([left, right]);
    for (const number of mergeEverywhere(words, pairs, best, id)) queue.push(number);
    if (merges.length % mergesPerTurn === 0) {
      options.onProgress?.({
        stage: "learn merges",
        done: tokens.length,
        total: options.vocabularySize,
        unit: "tokens",
      });
      await new Promise((resolve) => setTimeout(resolve, 0));
      throwIfAborted(options.signal);
    }
  }
  options.onProgress?.({ stage: "learn merges", done: tokens.length, total: options.vocabularySize, unit: "tokens" });
  return merges;
}

function spellWords(wordCounts: WordCounts, idOf: ReadonlyMap<string, number>): Words {
  let length = 0;
  for (const word of wordCounts.keys()) length += word.length;
  const symbols = new Int32Array(length);
  const starts = new Int32Array(wordCounts.size);
  const lengths = new Int32Array(wordCounts.size);
  const counts = new Float64Array(wordCounts.size);
  let place = 0;
  let index = 0;
  for (const [word, count] of wordCounts) {
    starts[index] = place;
    for (const character of word) symbols[place++] = idOf.get(character)!;
    lengths[index] = place - starts[index]!;
    counts[index++] = count;
  }
  return { symbols, starts, lengths, counts };
}

function countPairs({ symbols, starts, lengths, counts }: Words): Pairs {
  const pairs = createPairs();
  for (let word = 0; word < starts.length; word++) {
    const end = starts[word]! + lengths[word]! - 1;
    for (let place = starts[word]!; place < end; place++) {
      addOccurrence(pairs, pairNumber(pairs, symbols[place]!, symbols[place + 1]!), word, counts[word]!);
    }
  }
  return pairs;
}

/** Merges a pair in all words that have it and returns the pairs that became more frequent. */
function mergeEverywhere(words: Words, pairs: Pairs, pair: number, merged: number): Set<number> {
  const grown = new Set<number>();
  const merge = { left: pairs.lefts[pair]!, right: pairs.rights[pair]!, merged };
  for (const word of pairs.words[pair]!) mergeInWord(words, pairs, word, merge, grown);
  pairs.counts[pair] = 0;
  pairs.words[pair] = [];
  return grown;
}

/** Two symbols that stand beside each other, and the one that takes their place. */
interface Merge {
  readonly left: number;
  readonly right: number;
  readonly merged: number;
}

function mergeInWord(
  { symbols, starts, lengths, counts }: Words,
  pairs: Pairs,
  word: number,
  { left, right, merged }: Merge,
  grown: Set<number>,
): void {
  const start = starts[word]!;
  const end = start + lengths[word]!;
  const count = counts[word]!;
  const replace = (oldLeft: number, oldRight: number, newLeft: number, newRight: number): void => {
    pairs.counts[pairNumber(pairs, oldLeft, oldRight)]! -= count;
    const number = pairNumber(pairs, newLeft, newRight);
    addOccurrence(pairs, number, word, count);
    grown.add(number);
  };
  let written = start;
  for (let place = start; place < end; place++) {
    if (symbols[place] !== left || place + 1 >= end || symbols[place + 1] !== right) {
      symbols[written++] = symbols[place]!;
      continue;
    }
    if (written > start) replace(symbols[written - 1]!, left, symbols[written - 1]!, merged);
    if (place + 2 < end) replace(right, symbols[place + 2]!, merged, symbols[place + 2]!);
    symbols[written++] = merged;
    place += 1;
  }
  lengths[word] = written - start;
}
