import type { Model } from "@attune/models";
import { AttuneError, describeValue, throwIfAborted } from "@attune/spec";
import { powerOfTwo } from "./buckets.ts";
import type { CachePrograms } from "./cache-programs.ts";
import type { TokenChooser } from "./choose-token.ts";
import type { GenerateRequest, Generation } from "./generation.ts";
import { stretches } from "./rotary-inputs.ts";

/** A prompt on its way. */
interface Row {
  readonly index: number;
  readonly request: GenerateRequest;
  readonly choose: TokenChooser;
  readonly newIds: number[];
}

/** What one call decodes. */
interface DecodeRun {
  readonly programs: CachePrograms;
  readonly rows: readonly Row[];
  readonly batch: number;
  readonly prefillTokens: number;
  readonly model: Model;
  readonly maxNewTokens: number;
  readonly stops: ReadonlySet<number>;
  readonly signal: AbortSignal | undefined;
}

/** Decodes all rows, `batch` at a time; a free slot takes the next prompt before the next step. */
export async function decodeRows(run: DecodeRun): Promise<Generation[]> {
  const { programs, rows, batch, signal } = run;
  const { capacity } = programs.layout;
  const results: Generation[] = [];
  const slots: (Row | undefined)[] = new Array(batch).fill(undefined);
  const waiting = [...rows];
  const accept = (slot: number, row: Row, logits: Float32Array): void => {
    const finish = acceptToken(run, row, logits);
    slots[slot] = finish ? undefined : row;
    if (finish) results[row.index] = { ids: row.newIds, finish };
  };
  while (true) {
    throwIfAborted(signal);
    const started = takeWaiting(waiting, slots, run);
    if (started.length > 0) {
      const logits = await programs.prefill(
        started.map(({ row, slot }) => ({ ids: row.request.ids, firstRow: slot * capacity })),
      );
      for (const [index, { row, slot }] of started.entries()) accept(slot, row, logits[index]!);
      continue;
    }
    const used = slots.findLastIndex((row) => row !== undefined) + 1;
    if (used === 0) return results;
    const size = Math.min(powerOfTwo(used), programs.layout.slots);
    const steps = Array.from({ length: size }, (_, slot) => {
      const row = slots[slot];
      if (row === undefined) return undefined;
      const position = row.request.ids.length + row.newIds.length - 1;
      return { id: row.newIds.at(-1)!, position, row: slot * capacity + position };
    });
    const logits = await programs.decode(steps, false);
    slots.forEach((row, slot) => {
      if (row) accept(slot, row, logits[slot]!);
    });
  }
}

/**
 * Prompts for free slots, as many as fit into one prefill; the first always does. A prompt whose frequencies depend on its length
 * has a prefill of its own.
 */
function takeWaiting(
  waiting: Row[],
  slots: readonly (Row | undefined)[],
  { prefillTokens, model }: DecodeRun,
): { row: Row; slot: number }[] {
  const taken: { row: Row; slot: number }[] = [];
  let tokens = 0;
  for (let slot = 0; slot < slots.length && waiting.length > 0; slot++) {
    if (slots[slot]) continue;
    const [row] = waiting as [Row];
    const { length } = row.request.ids;
    const alone = stretches(model, length);
    tokens += length;
    if (taken.length > 0 && (tokens > prefillTokens || alone)) break;
    taken.push({ row, slot });
    waiting.shift();
    if (alone) break;
  }
  return taken;
}

function acceptToken(
  { stops, maxNewTokens }: DecodeRun,
  { index, request, choose, newIds }: Row,
  logits: Float32Array,
): Generation["finish"] | undefined {
  const id = choose(logits, idsSoFar(request.ids, newIds));
  if (!Number.isInteger(id) || id < 0 || id >= logits.length) {
    throw new AttuneError(
      "INPUT_INVALID",
      `Expected the chooser of row ${index} to give an id from 0 to ${logits.length - 1}, but received ${describeValue(id)}.`,
    );
  }
  newIds.push(id);
  const stopped = request.onToken?.(id) === true;
  if (stops.has(id) || stopped) return "stop";
  return newIds.length >= maxNewTokens ? "length" : undefined;
}

function* idsSoFar(prompt: ArrayLike<number>, newIds: readonly number[]): Iterable<number> {
  for (let position = 0; position < prompt.length; position++) yield prompt[position]!;
  yield* newIds;
}
