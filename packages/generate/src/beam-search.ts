// Beam search as Transformers does it: the `beams` best prefixes are kept; a candidate that ends among the best becomes a finished
// hypothesis with score Σ ln p / length^lengthPenalty. It ends when no running prefix can still enter the finished ones.
// Prefixes share cache rows: reordering beams copies lists of row numbers, never keys or values.
import { type OptionKeys, throwIfAborted } from "@attune/spec";
import type { CachePrograms } from "./cache-programs.ts";
import { logSoftmax, penalise } from "./process-logits.ts";

/** How beams are searched. */
export interface BeamOptions {
  /** Prefixes that are kept. */
  readonly beams: number;
  readonly maxNewTokens: number;
  /** Sequences that are returned, at most `beams`. Default 1. */
  readonly count?: number | undefined;
  /** Exponent of the length that scores are divided by: above 0 favours long sequences. Default 1. */
  readonly lengthPenalty?: number | undefined;
  /** True stops as soon as `beams` sequences ended, instead of when no better one can. Default false. */
  readonly earlyStopping?: boolean | undefined;
  readonly repetitionPenalty?: number | undefined;
  readonly stopIds?: readonly number[] | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** The keys of `BeamOptions`. */
export const beamOptionKeys: OptionKeys<BeamOptions> = {
  beams: true,
  maxNewTokens: true,
  count: true,
  lengthPenalty: true,
  earlyStopping: true,
  repetitionPenalty: true,
  stopIds: true,
  signal: true,
};

/** One sequence that beam search found. */
export interface BeamSequence {
  /** New ids; the end token is kept. */
  readonly ids: readonly number[];
  readonly finish: "stop" | "length";
  /** Σ ln p / length^lengthPenalty. */
  readonly score: number;
}

interface Beam {
  readonly ids: readonly number[];
  /** Σ ln p. */
  readonly logProbability: number;
  /** Cache row of every position, the newest id's included. */
  readonly rows: readonly number[];
}

interface Candidate {
  readonly beam: Beam;
  readonly id: number;
  readonly logProbability: number;
}

/** Searches the continuations of one prompt, best first. */
export async function searchBeams(
  programs: CachePrograms,
  prompt: ArrayLike<number>,
  options: BeamOptions & { readonly stopIds: readonly number[] },
): Promise<readonly BeamSequence[]> {
  const { beams, maxNewTokens, count = 1, lengthPenalty = 1, earlyStopping = false, stopIds, signal } = options;
  if (maxNewTokens === 0) return [];
  const stops = new Set(stopIds);
  const scoreOf = (logProbability: number, length: number): number => logProbability / length ** lengthPenalty;
  let nextRow = prompt.length;
  let logits = await programs.prefill([{ ids: prompt, firstRow: 0 }]);
  let running: Beam[] = [{ ids: [], logProbability: 0, rows: Array.from({ length: prompt.length }, (_, row) => row) }];
  let finished: BeamSequence[] = [];
  for (let length = 1; ; length++) {
    throwIfAborted(signal);
    const kept = Math.max(2, 1 + stops.size) * beams;
    const candidates = bestCandidates(running, logits, prompt, options.repetitionPenalty ?? 1, kept);
    const last = length === maxNewTokens;
    const ends = (candidate: Candidate): boolean => last || stops.has(candidate.id);
    const ended = candidates
      .slice(0, beams)
      .filter(ends)
      .map(
        ({ beam, id, logProbability }): BeamSequence => ({
          ids: [...beam.ids, id],
          finish: stops.has(id) ? "stop" : "length",
          score: scoreOf(logProbability, length),
        }),
      );
    finished = [...finished, ...ended].sort((left, right) => right.score - left.score).slice(0, beams);
    const open = candidates.filter((candidate) => !ends(candidate)).slice(0, beams);
    const full = finished.length === beams;
    const hopeless =
      full && scoreOf(open[0]?.logProbability ?? Number.NEGATIVE_INFINITY, length) <= finished.at(-1)!.score;
    if (last || open.length === 0 || hopeless || (full && earlyStopping)) return finished.slice(0, count);
    const firstRow = nextRow;
    running = open.map(({ beam, id, logProbability }, index) => ({
      ids: [...beam.ids, id],
      logProbability,
      rows: [...beam.rows, firstRow + index],
    }));
    nextRow += open.length;
    logits = await programs.decode(
      Array.from({ length: beams }, (_, index) => {
        const beam = running[index];
        return (
          beam && { id: beam.ids.at(-1)!, position: beam.rows.length - 1, row: beam.rows.at(-1)!, rows: beam.rows }
        );
      }),
      true,
    );
  }
}

/** The most likely next tokens over all running beams. */
function bestCandidates(
  running: readonly Beam[],
  logits: readonly Float32Array[],
  prompt: ArrayLike<number>,
  penalty: number,
  count: number,
): Candidate[] {
  const all: Candidate[] = [];
  for (const [index, beam] of running.entries()) {
    const scores = penalise(
      logSoftmax(Float64Array.from(logits[index]!)),
      [...Array.from(prompt), ...beam.ids],
      penalty,
    );
    for (const id of likeliest(scores, count))
      all.push({ beam, id, logProbability: beam.logProbability + scores[id]! });
  }
  return all.sort((left, right) => right.logProbability - left.logProbability).slice(0, count);
}

/** Indices of the largest scores, best first. */
function likeliest(scores: Float64Array, count: number): number[] {
  const best: number[] = [];
  for (let id = 0; id < scores.length; id++) {
    if (best.length === count && scores[id]! <= scores[best.at(-1)!]!) continue;
    let rank = best.length;
    while (rank > 0 && scores[best[rank - 1]!]! < scores[id]!) rank--;
    best.splice(rank, 0, id);
    if (best.length > count) best.pop();
  }
  return best;
}
