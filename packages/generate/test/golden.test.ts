import { readFileSync } from "node:fs";
import { join } from "node:path";
import { createCpuBackend } from "@attune/backend-cpu";
import { createStrictBackend } from "@attune/tensor-conformance";
import { openSafetensors } from "@attune/weights";
import { afterAll, describe, expect, it } from "vitest";
import { createGenerator, parseSampling, processLogits } from "../src/index.ts";
import { fixtures, tinyModel } from "./support/tiny-model.ts";

interface GoldenGeneration {
  readonly prompts: readonly (readonly number[])[];
  readonly max_new_tokens: number;
  readonly eos_token_ids: readonly number[];
  readonly options?: Readonly<Record<string, number | boolean>>;
  readonly repetition_penalty?: number;
  readonly num_beams?: number;
  readonly length_penalty?: number;
  readonly early_stopping?: boolean;
  readonly results: readonly {
    ids: number[];
    finish: string;
    sequences?: readonly { ids: number[]; finish: string; score: number }[];
  }[];
}

const read = <T>(name: string): T => JSON.parse(readFileSync(join(fixtures, name), "utf8")) as T;
const generations = Object.entries(read<{ cases: Record<string, GoldenGeneration> }>("generations.json").cases);
const backends = await Promise.all(
  [createStrictBackend(), createCpuBackend({ threads: 2 })].map(
    async (backend) => [backend.id, await tinyModel({}, undefined, backend)] as const,
  ),
);
afterAll(() => Promise.all(backends.map(([, { runtime }]) => runtime.dispose())));

describe.each(backends)("generation on the %s backend", (_backend, { runtime, model }) => {
  it.each(generations.filter(([, { num_beams }]) => num_beams === undefined))(
    "gives Transformers' ids: %s",
    async (_name, golden) => {
      const options = {
        maxNewTokens: golden.max_new_tokens,
        stopIds: golden.eos_token_ids,
        sampling: { repetitionPenalty: golden.repetition_penalty },
      };
      const requests = golden.prompts.map((ids) => ({ ids }));
      for (const batch of [1, 2, 8]) {
        const generator = createGenerator(runtime, model, { batch });
        expect(await generator.generate(requests, options)).toEqual(golden.results);
        generator.dispose();
      }
    },
  );

  it.each(generations.filter(([, { num_beams }]) => num_beams !== undefined))(
    "gives Transformers' sequences and scores: %s",
    async (_name, golden) => {
      const generator = createGenerator(runtime, model);
      for (const [index, prompt] of golden.prompts.entries()) {
        const found = await generator.beamSearch(prompt, {
          beams: golden.num_beams!,
          count: golden.num_beams!,
          maxNewTokens: golden.max_new_tokens,
          stopIds: golden.eos_token_ids,
          lengthPenalty: golden.length_penalty,
          earlyStopping: golden.early_stopping,
        });
        const expected = golden.results[index]!.sequences!;
        expect(found.map(({ ids, finish }) => ({ ids, finish }))).toEqual(
          expected.map(({ ids, finish }) => ({ ids, finish })),
        );
        for (const [rank, { score }] of found.entries()) expect(score).toBeCloseTo(expected[rank]!.score, 4);
      }
      generator.dispose();
    },
  );
});

describe("processed logits", () => {
  const cases = read<{ cases: Record<string, Record<string, unknown>> }>("processors.json").cases;
  it.each(Object.entries(cases))("are Transformers': %s", async (name, options) => {
    const file = await openSafetensors(join(fixtures, "processors.safetensors"));
    const logits = await file.readFloat32((options["logits"] as string | undefined) ?? "logits");
    const expected = await file.readFloat32(`${name}.scores`);
    const ids = new Int32Array((await file.read("input_ids")).buffer);
    const columns = file.info(`${name}.scores`).shape[1]!;
    const number = (key: string): number | undefined => options[key] as number | undefined;
    const sampling = parseSampling({
      temperature: number("temperature") ?? 1,
      topK: number("top_k"),
      topP: number("top_p"),
      minP: number("min_p"),
      repetitionPenalty: number("repetition_penalty"),
    });
    for (let row = 0; row < expected.length / columns; row++) {
      const seen = options["logits"] ? [] : ids.subarray(row * 7, (row + 1) * 7);
      const scores = processLogits(logits.subarray(row * columns, (row + 1) * columns), seen, sampling);
      for (let id = 0; id < columns; id++) {
        const wanted = expected[row * columns + id]!;
        if (wanted === Number.NEGATIVE_INFINITY) expect(scores[id], `row ${row} id ${id}`).toBe(wanted);
        else expect(scores[id], `row ${row} id ${id}`).toBeCloseTo(wanted, 5);
      }
    }
    await file.close();
  });
});
