import { mergeAdapters } from "@attune/peft-core";
import { expect, it } from "vitest";
import { difference, goldenBatch, interpret, readTensors, setUp, traceBatch } from "./support/golden.ts";

const folders = { first: "adapters/named/first", first_two: "adapters/named/first_two" };

it.each([
  ["first", ["first"]],
  ["first_two", ["first_two"]],
  ["both", ["first", "first_two"]],
  ["none", []],
] as const)("gives PEFT's logits with adapter %s of two", async (name, active) => {
  const { runtime, model, adapters, placed } = await setUp("base", folders);
  const batch = await goldenBatch("base");
  const golden = await readTensors("adapters/named.safetensors");
  const outputs = await interpret(runtime, batch, (trace) =>
    traceBatch(trace, model, batch, adapters.visitors(placed.placement, { active })),
  );
  expect(difference(outputs["logits"]!, golden.get(`logits.${name}`)!, batch)).toBeLessThan(2e-5);
});

it("gives PEFT's logits with both adapters merged, and the base's after restoring", async () => {
  const { runtime, model, adapters, placed } = await setUp("base", folders);
  const batch = await goldenBatch("base");
  const golden = await readTensors("adapters/named.safetensors");
  const logits = async (): Promise<Float64Array> =>
    (await interpret(runtime, batch, (trace) => traceBatch(trace, model, batch)))["logits"]!;
  const before = await logits();
  const merged = mergeAdapters(runtime, model, adapters, placed.placement);
  await merged.apply();
  // The base is bf16 in this runtime, so merged weights are rounded to 8 bits.
  expect(difference(await logits(), golden.get("logits.both_merged")!, batch)).toBeLessThan(0.05);
  await merged.restore();
  expect(await logits()).toEqual(before);
});
