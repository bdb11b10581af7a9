import type { Model, SiteVisitor } from "@attune/models";
import { AttuneError, checkOptionKeys, createQueue } from "@attune/spec";
import { createLifetime, type Runtime } from "@attune/tensor-core";
import { assertList } from "./assert-list.ts";
import { type BeamOptions, type BeamSequence, beamOptionKeys, searchBeams } from "./beam-search.ts";
import { lengthBucket, powerOfTwo } from "./buckets.ts";
import { type CachePrograms, createCachePrograms } from "./cache-programs.ts";
import { checkPrompt, endIds } from "./check-requests.ts";
import { createTokenChooser, type TokenChooser } from "./choose-token.ts";
import { decodeRows } from "./decode-rows.ts";
import { type GenerateOptions, type GenerateRequest, type Generation, generateOptionKeys } from "./generation.ts";
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

/** Continues prompts with one model. Calls share the cache, so each waits for the one before. */
export interface Generator {
  /**
   * Continues every prompt. A row that ends makes room for the next prompt at once.
   *
   * Throws `CONTEXT_EXCEEDED` naming the row whose prompt and new tokens do not fit, `INPUT_INVALID` for an empty prompt, an
   * unknown id or a generator that was disposed, `OPTIONS_INVALID` or `CONFIG_UNKNOWN_KEY` naming an option, `ABORTED`.
   */
  generate(requests: readonly GenerateRequest[], options: GenerateOptions): Promise<readonly Generation[]>;
  /** The best continuations of one prompt by beam search, best first. */
  beamSearch(ids: ArrayLike<number>, options: BeamOptions): Promise<readonly BeamSequence[]>;
  /** Frees the cache and the programs; the generator is of no more use. */
  dispose(): void;
}

/**
 * A generator; its cache grows to what calls need and stays.
 *
 * @throws AttuneError `OPTIONS_INVALID` for a batch or a prefill of no tokens; its calls throw `CONTEXT_EXCEEDED` for a row that does not
 * fit
 */
export function createGenerator(runtime: Runtime, model: Model, options: GeneratorOptions = {}): Generator {
  checkOptionKeys("createGenerator", options, { batch: true, visitors: true, prefillTokens: true });
  const { batch = 8, visitors = [], prefillTokens = 2048 } = options;
  assertCount("batch", batch, 1);
  assertCount("prefillTokens", prefillTokens, 1);
  const caches = createCaches(runtime, model, visitors);
  const generate: Generator["generate"] = async (requests, generateOptions) => {
    checkOptionKeys("generate", generateOptions, generateOptionKeys);
    assertList("requests", requests);
    const { maxNewTokens, stopIds = endIds(model), signal } = generateOptions;
    const chooser = chooserOf(generateOptions);
    assertCount("maxNewTokens", maxNewTokens, 0);
    for (const [row, { ids }] of requests.entries()) checkPrompt(model, ids, maxNewTokens, row);
    if (maxNewTokens === 0 || requests.length === 0)
      return requests.map(() => ({ ids: [], finish: "length" as const }));
    const longest = Math.max(...requests.map(({ ids }) => ids.length));
    const programs = await caches.atLeast(Math.min(batch, requests.length), longest + maxNewTokens);
    const rows = requests.map((request, index) => {
      return { index, request, choose: chooser(index), newIds: [] };
    });
    return decodeRows({
      model,
      programs,
      rows,
      batch: Math.min(batch, programs.layout.slots),
      prefillTokens,
      maxNewTokens,
      stops: new Set(stopIds),
      signal,
    });
  };
  const beamSearch: Generator["beamSearch"] = async (ids, beamOptions) => {
    checkOptionKeys("beamSearch", beamOptions, beamOptionKeys);
    const { beams, count = 1, maxNewTokens, stopIds = endIds(model) } = beamOptions;
    assertCount("maxNewTokens", maxNewTokens, 0);
    assertCount("beams", beams, 1);
    assertCount("count", count, 1, beams);
    checkPrompt(model, ids, maxNewTokens, 0);
    return searchBeams(await caches.atLeast(beams, ids.length + maxNewTokens), ids, { ...beamOptions, stopIds });
  };
  const queue = createQueue();
  return {
    generate: (requests, generateOptions) => queue(() => generate(requests, generateOptions)),
    beamSearch: (ids, beamOptions) => queue(() => beamSearch(ids, beamOptions)),
    dispose: caches.dispose,
  };
}

/** What chooses the tokens of each row. */
function chooserOf({ chooser, sampling }: GenerateOptions): (row: number) => TokenChooser {
  const parsed = parseSampling(sampling);
  if (chooser === undefined) return (row) => createTokenChooser(parsed, row);
  if (sampling === undefined) return chooser;
  throw new AttuneError("OPTIONS_INVALID", "Tokens are chosen by chooser or by sampling, but both were given.", {
    hint: "createTokenChooser(parseSampling(sampling), row) is what a chooser can hand its logits to.",
    details: { key: "chooser" },
  });
}

/** The cache of a generator: one, replaced by a larger one when a call needs it. */
interface Caches {
  /** The programs of a cache with at least so many sequences of so many tokens. */
  atLeast(slots: number, tokens: number): Promise<CachePrograms>;
  dispose(): void;
}

function createCaches(runtime: Runtime, model: Model, visitors: readonly SiteVisitor[]): Caches {
  let current: CachePrograms | undefined;
  const lifetime = createLifetime("generator");
  const release = (): void => {
    current?.dispose();
    current = undefined;
  };
  return {
    dispose() {
      lifetime.end();
      release();
    },
    async atLeast(slots, tokens) {
      lifetime.assertAlive();
      if (current && current.layout.slots >= slots && current.layout.capacity >= tokens) return current;
      const layout = {
        slots: Math.max(powerOfTwo(slots), current?.layout.slots ?? 0),
        capacity: Math.max(lengthBucket(tokens), current?.layout.capacity ?? 0),
      };
      release();
      current = await createCachePrograms(runtime, model, { region: freeRegion(runtime), ...layout }, visitors);
      return current;
    },
  };
}

/** A name for a cache that no other generator of the runtime has. */
function freeRegion(runtime: Runtime): string {
  let number = 0;
  while (runtime.states.has(`generate.cache.${number}`)) number++;
  return `generate.cache.${number}`;
}

function assertCount(key: string, value: number, minimum: number, maximum = Number.MAX_SAFE_INTEGER): void {
  if (Number.isSafeInteger(value) && value >= minimum && value <= maximum) return;
  const range = maximum === Number.MAX_SAFE_INTEGER ? `of at least ${minimum}` : `from ${minimum} to ${maximum}`;
  throw new AttuneError("OPTIONS_INVALID", `Expected ${key} to be an integer ${range}, got ${value}.`, {
    details: { key },
  });
}
