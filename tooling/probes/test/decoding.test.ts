// Decoding with the cache read through a table: a ring buffer is one table, beam reordering another. Nothing is moved.
import { attention, reshape, scatterRows, type Tensor, type Trace, tensorType } from "@attune/tensor-core";
import { expect, it } from "vitest";
import { largestDifference, runBoth } from "../src/run-both.ts";

const [heads, size] = [2, 4];
const width = heads * size;
const vectorAt = (seed: number): number[] =>
  Array.from({ length: width }, (_, index) => Math.sin(seed * 12.9898 + index * 78.233));

/** Attention of one query over plain lists of keys and values, the slow way. */
function attend(query: readonly number[], keys: readonly number[][], values: readonly number[][]): number[] {
  return Array.from({ length: heads }, (_, head) => head).flatMap((head) => {
    const part = (vector: readonly number[]): number[] => vector.slice(head * size, (head + 1) * size);
    const scores = keys.map(
      (key) => part(key).reduce((sum, value, index) => sum + value * part(query)[index]!, 0) / Math.sqrt(size),
    );
    const largest = Math.max(...scores);
    const weights = scores.map((score) => Math.exp(score - largest));
    const total = weights.reduce((a, b) => a + b);
    return Array.from({ length: size }, (_, index) =>
      values.reduce((sum, value, key) => sum + (weights[key]! / total) * part(value)[index]!, 0),
    );
  });
}

/** One decode step: write the new keys and values to cache rows, then attend through the table. */
function step(trace: Trace, batch: number, slots: number, blocks: number, keyPositions: boolean): void {
  const cache = (name: string): Tensor => trace.state(name, tensorType([slots, width]));
  const rows = trace.input("rows", tensorType([batch], "i32"));
  const write = (name: string): Tensor => {
    const next = scatterRows(cache(name), rows, trace.input(`new.${name}`, tensorType([batch, width])));
    trace.update(cache(name), next);
    return reshape(next, [slots, 1, heads, size]);
  };
  const output = attention(
    { q: trace.input("q", tensorType([batch, 1, heads, size])), k: write("keys"), v: write("values") },
    {
      causal: keyPositions,
      scale: 1 / Math.sqrt(size),
      cacheTable: trace.input("table", tensorType([batch, blocks], "i32")),
      ...(keyPositions
        ? {
            queryPositions: trace.input("queryPositions", tensorType([batch, 1], "i32")),
            keyPositions: trace.input("keyPositions", tensorType([batch, blocks], "i32")),
          }
        : { lengths: trace.input("lengths", tensorType([batch], "i32")) }),
    },
  );
  trace.output("y", output);
}

it("a ring cache keeps the last keys and forgets older ones", async () => {
  const capacity = 4;
  const steps = 7;
  const inputs = Array.from({ length: steps }, (_, position) => ({
    rows: [position % capacity],
    "new.keys": vectorAt(position),
    "new.values": vectorAt(100 + position),
    q: vectorAt(200 + position),
    table: [0, 1, 2, 3],
    queryPositions: [position],
    keyPositions: Array.from({ length: capacity }, (_, slot) => {
      const latest = position - ((position - slot + capacity * 2) % capacity);
      return latest;
    }),
  }));
  const empty = new Float32Array(capacity * width);
  const builds = inputs.map(() => (trace: Trace) => step(trace, 1, capacity, capacity, true));
  const { exact, strict } = await runBoth(builds, { states: { keys: empty, values: empty }, inputs });
  expect(largestDifference(exact, strict)).toBeLessThan(1e-6);
  for (let position = 0; position < steps; position++) {
    const seen = Array.from({ length: steps }, (_, index) => index).filter(
      (index) => index <= position && index > position - capacity,
    );
    const wanted = attend(
      vectorAt(200 + position),
      seen.map(vectorAt),
      seen.map((index) => vectorAt(100 + index)),
    );
    wanted.forEach((value, index) => {
      expect(strict.outputs[position]!["y"]![index]).toBeCloseTo(value, 5);
    });
  }
});

it("beams of unequal prompts are reordered by their table alone", async () => {
  // Rows 0-2 hold a prompt of three tokens, row 3 one of one token. Both beams of the next step continue the first prompt.
  const slots = 8;
  const keys = Array.from({ length: slots }, (_, slot) => vectorAt(slot));
  const values = Array.from({ length: slots }, (_, slot) => vectorAt(50 + slot));
  const at = (...seeds: number[]): number[] => seeds.flatMap(vectorAt);
  const inputs = [
    {
      rows: [4, 5],
      "new.keys": at(4, 5),
      "new.values": at(54, 55),
      q: at(70, 71),
      table: [0, 1, 2, 4, 3, 5, -1, -1],
      lengths: [4, 2],
    },
    {
      rows: [6, 7],
      "new.keys": at(6, 7),
      "new.values": at(56, 57),
      q: at(72, 73),
      table: [0, 1, 2, 6, 0, 1, 2, 7],
      lengths: [4, 4],
    },
  ];
  const builds = inputs.map(() => (trace: Trace) => step(trace, 2, slots, 4, false));
  const start = (vectors: readonly number[][]): number[] =>
    vectors.flatMap((vector, slot) => (slot < 4 ? vector : new Array<number>(width).fill(0)));
  const { exact, strict } = await runBoth(builds, { states: { keys: start(keys), values: start(values) }, inputs });
  expect(largestDifference(exact, strict)).toBeLessThan(1e-6);
  const rowsOf = [
    [
      [0, 1, 2, 4],
      [3, 5],
    ],
    [
      [0, 1, 2, 6],
      [0, 1, 2, 7],
    ],
  ];
  rowsOf.forEach((beams, index) => {
    beams.forEach((rows, beam) => {
      const wanted = attend(
        vectorAt(70 + 2 * index + beam),
        rows.map((row) => keys[row]!),
        rows.map((row) => values[row]!),
      );
      wanted.forEach((value, element) => {
        expect(strict.outputs[index]!["y"]![beam * width + element]).toBeCloseTo(value, 5);
      });
    });
  });
});
