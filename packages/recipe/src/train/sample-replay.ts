// Text against forgetting that needs no data: the base model writes it, from nothing but the beginning of a text.
import { join } from "node:path";
import { manifestFileName, recordsFileName, type StageManifest, stageSource, writeJsonLines } from "@attune/data-core";
import { createGenerator } from "@attune/generate";
import { hashJson, replaceFolder, writeJsonAtomic } from "@attune/run-folder";
import { AttuneError, type JsonObject, type JsonValue, type TextRecord } from "@attune/spec";
import type { ReplayConfig } from "../config/model-config.ts";
import { openSources } from "../data/open-sources.ts";
import { readAll } from "../data/read-parts.ts";
import type { RunContext } from "../session/run-options.ts";
import type { OpenModel } from "../toolbox/open-model.ts";

/** Texts that are generated side by side. */
const batch = 32;

/** Records of replay, sampled once and kept below `data/replay`, or read from their source. */
export async function replayRecords(
  context: RunContext,
  base: OpenModel,
  baseHash: string,
): Promise<readonly TextRecord[]> {
  const { recipe, session, toolbox, signal } = context;
  const { config, baseDirectory } = recipe;
  const { replay } = config.training;
  if (replay === null) return [];
  if (replay.source !== null) {
    return readAll(openSources(replay.source, { baseDirectory, resolvePackage: toolbox.resolvePackage }), signal);
  }
  const key = { stage: "replay", version: 1, base: baseHash, options: replay.generate, seed: config.seed };
  const { folder } = session.layout.data("replay");
  await session.stage({
    name: "replay",
    key: key as unknown as JsonValue,
    outputs: [join("data", "replay")],
    async run() {
      const records = await sampleTexts(context, base, replay.generate!, config.seed);
      await replaceFolder(folder, (temporary) => writeRecords(temporary, records, key as unknown as JsonObject));
      return records.length;
    },
  });
  return readAll(await stageSource(folder), signal);
}

async function sampleTexts(
  { runtime, signal, onProgress }: RunContext,
  { model, tokenizer, reference }: OpenModel,
  { texts, tokens, temperature, topP }: NonNullable<ReplayConfig["generate"]>,
  seed: number,
): Promise<TextRecord[]> {
  const begin = tokenizer.specialTokens.bos ?? tokenizer.specialTokens.eos;
  if (begin === undefined) {
    throw new AttuneError("CONFIG_INCOMPATIBLE", `The tokenizer of ${reference} has no token that begins a text.`, {
      hint: "Give replay a source of texts instead.",
      details: { key: "training.replay.generate" },
    });
  }
  const generator = createGenerator(runtime, model, { batch });
  let done = 0;
  const request = {
    ids: [begin],
    onToken(): void {
      if (++done % 256 === 0) onProgress?.({ stage: "replay", done, total: texts * tokens, unit: "tokens" });
    },
  };
  try {
    const requests = Array.from({ length: texts }, () => request);
    const sampling = { temperature, topP, seed };
    const made = await generator.generate(requests, { maxNewTokens: tokens, sampling, signal });
    return made
      .map(({ ids, finish }, index) => ({
        id: `replay/${index}`,
        text: tokenizer.decode(ids, { skipSpecialTokens: true }),
        source: reference,
        metadata: { ended: finish === "stop" },
      }))
      .filter(({ text }) => text.trim() !== "");
  } finally {
    generator.dispose();
  }
}

async function writeRecords(folder: string, records: readonly TextRecord[], key: JsonObject): Promise<void> {
  const output = await writeJsonLines(join(folder, recordsFileName), toAsync(records));
  const kept = records.length;
  const manifest: StageManifest = {
    specificationVersion: 1,
    stage: "replay",
    version: "1",
    options: key["options"] as JsonObject,
    key: hashJson(key),
    input: { fingerprint: String(key["base"]), source: { sampledFrom: records[0]?.source ?? "" } },
    output,
    counts: { read: 0, created: kept, kept, dropped: 0, changed: 0 },
    rules: [],
    report: {},
  };
  await writeJsonAtomic(join(folder, manifestFileName), manifest as unknown as JsonValue);
}

async function* toAsync<T>(values: Iterable<T>): AsyncGenerator<T> {
  yield* values;
}
