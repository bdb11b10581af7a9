import type { Model, SiteVisitor } from "@attune/models";
import { AttuneError, throwIfAborted } from "@attune/spec";
import type { Runtime } from "@attune/tensor-core";
import { type BeamOptions, type BeamSequence, searchBeams } from "./beam-search.ts";
import { lengthBucket, powerOfTwo } from "./buckets.ts";
import { type CachePrograms, createCachePrograms } from "./cache-programs.ts";
import { checkPrompt, endIds } from "./check-requests.ts";
import { createTokenChooser, type TokenChooser } from "./choose-token.ts";
import type { GenerateOptions, GenerateRequest, Generation } from "./generation.ts";
import { parseSampling } from "./sampling-options.ts";

/** How a generator works. */
export interface GeneratorOptions {
  /** Rows that are decoded side by side. Default 8. */
  readonly batch?: number | undefined;
  /** Adapters and observers, fixed for the life of the generator. */
  readonly visitors?: readonly SiteVisitor[] | undefined;
  /** Prompt tokens that are run at once. Default 2048. */
  readonly prefillTokens?: number | undefined;
}

/** Continues prompts with one model. Calls must not overlap: they share the cache. */
export interface Generator {
  /**
   * Continues every prompt. A row that ends makes room for the next prompt at once.
   *
   * Throws `CONTEXT_EXCEEDED` naming the row whose prompt and new tokens do not fit, `INPUT_INVALID` for an empty prompt or an
   * unknown id, `ABORTED`.
   */
  generate(requests: readonly GenerateRequest[], options: GenerateOptions): Promise<readonly Generation[]>;
  /** The best continuations of one prompt by beam search, best first. */
  beamSearch(ids: ArrayLike<number>, options: BeamOptions): Promise<readonly BeamSequence[]>;
  /** Frees the cache and the programs. */
  dispose(): void;
}

interface Row {
  readonly index: number;
  readonly request: GenerateRequest;
  readonly choose: TokenChooser;
  readonly newIds: number[];
}

/** A generator; its cache grows to what calls need and stays. */
export function createGenerator(runtime: Runtime, model: Model, options: GeneratorOptions = {}): Generator {
  const { batch = 8, visitors = [], prefillTokens = 2048 } = options;
  for (const [key, value] of Object.entries({ batch, prefillTokens })) {
    if (!Number.isSafeInteger(value) || value < 1) {
      throw new AttuneError("OPTIONS_INVALID", `Expected ${key} to be a positive integer, got ${value}.`, {
        details: { key },
      });
    }
  }
  let current: CachePrograms | undefined;
  const programsFor = async (slots: number, tokens: number): Promise<CachePrograms> => {
    if (current && current.layout.slots >= slots && current.layout.capacity >= tokens) return current;
    const layout = {
      slots: Math.max(powerOfTwo(slots), current?.layout.slots ?? 0),
      capacity: Math.max(lengthBucket(tokens), current?.layout.capacity ?? 0),
    };
    current?.dispose();
    current = undefined;
    current = await createCachePrograms(runtime, model, { region: freeRegion(runtime), ...layout }, visitors);
    return current;
  };
  return {
    async generate(requests, generateOptions) {
      const { maxNewTokens, stopIds = endIds(model), signal } = generateOptions;
      const sampling = parseSampling(generateOptions.sampling);
      assertCount("maxNewTokens", maxNewTokens);
      for (const [row, { ids }] of requests.entries()) checkPrompt(model, ids, maxNewTokens, row);
      if (maxNewTokens === 0 || requests.length === 0)
        return requests.map(() => ({ ids: [], finish: "length" as const }));
      const longest = Math.max(...requests.map(({ ids }) => ids.length));
      const programs = await programsFor(Math.min(batch, requests.length), longest + maxNewTokens);
      const rows = requests.map((request, index) => ({
        index,
        request,
        choose: createTokenChooser(sampling, index),
        newIds: [],
      }));
      const run = {
        programs,
        rows,
        batch: Math.min(batch, programs.layout.slots),
        prefillTokens,
        maxNewTokens,
        stops: new Set(stopIds),
        signal,
      };
      return decodeRows(run);
    },
    async beamSearch(ids, beamOptions) {
      const { beams, maxNewTokens, stopIds = endIds(model) } = beamOptions;
      assertCount("maxNewTokens", maxNewTokens);
      if (!Number.isSafeInteger(beams) || beams < 1)
        throw new AttuneError("OPTIONS_INVALID", `Expected beams to be a positive integer, got ${beams}.`);
      checkPrompt(model, ids, maxNewTokens, 0);
      const programs = await programsFor(beams, ids.length + maxNewTokens);
      return searchBeams(programs, ids, { ...beamOptions, stopIds });
    },
    dispose() {
      current?.dispose();
      current = undefined;
    },
  };
}

/** A name for a cache that no other generator of the runtime has. */
function freeRegion(runtime: Runtime): string {
  let number = 0;
  while (runtime.states.has(`generate.cache.${number}`)) number++;
  return `generate.cache.${number}`;
}

function assertCount(key: string, value: number): void {
  if (Number.isSafeInteger(value) && value >= 0) return;
  throw new AttuneError("OPTIONS_INVALID", `Expected ${key} to be a non-negative integer, got ${value}.`, {
    details: { key },
  });
}

interface DecodeRun {
  readonly programs: CachePrograms;
  readonly rows: readonly Row[];
  readonly batch: number;
  readonly prefillTokens: number;
  readonly maxNewTokens: number;
  readonly stops: ReadonlySet<number>;
  readonly signal: AbortSignal | undefined;
}

/** Decodes all rows, `batch` at a time; a free slot takes the next prompt before the next step. */
async function decodeRows(run: DecodeRun): Promise<Generation[]> {
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
    const started = takeWaiting(waiting, slots, run.prefillTokens);
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

/** Prompts for free slots, as many as fit into one prefill; the first always does. */
function takeWaiting(
  waiting: Row[],
  slots: readonly (Row | undefined)[],
  prefillTokens: number,
): { row: Row; slot: number }[] {
  const taken: { row: Row; slot: number }[] = [];
  let tokens = 0;
  for (let slot = 0; slot < slots.length && waiting.length > 0; slot++) {
    if (slots[slot]) continue;
    const [row] = waiting as [Row];
    tokens += row.request.ids.length;
    if (taken.length > 0 && tokens > prefillTokens) break;
    taken.push({ row, slot });
    waiting.shift();
  }
  return taken;
}

function acceptToken(
  { stops, maxNewTokens }: DecodeRun,
  { request, choose, newIds }: Row,
  logits: Float32Array,
): Generation["finish"] | undefined {
  const id = choose(logits, idsSoFar(request.ids, newIds));
  newIds.push(id);
  const stopped = request.onToken?.(id) === true;
  if (stops.has(id) || stopped) return "stop";
  return newIds.length >= maxNewTokens ? "length" : undefined;
}

function* idsSoFar(prompt: ArrayLike<number>, newIds: readonly number[]): Iterable<number> {
  for (let position = 0; position < prompt.length; position++) yield prompt[position]!;
  yield* newIds;
}
