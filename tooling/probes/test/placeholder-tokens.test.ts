// A method that adds tokens reserves placeholder ids in packed rows; a visitor puts learned vectors in their place. The length of
// the graph never changes, documents stay apart, and the gradient of each learned vector is the sum over its places.
import {
  attention,
  cast,
  embedding,
  gradients,
  less,
  mul,
  reshape,
  sub,
  sum,
  type Trace,
  tensorType,
  where,
} from "@attune/tensor-core";
import { expect, it } from "vitest";
import { largestDifference, runBoth } from "../src/run-both.ts";

const [vocabulary, width, virtual, length] = [6, 4, 2, 8];

it("placeholders in packed rows become learned vectors", async () => {
  const build = (trace: Trace): void => {
    const ids = trace.input("ids", tensorType([1, length], "i32"));
    const documents = trace.input("documents", tensorType([1, length], "i32"));
    const table = trace.weight("table", tensorType([vocabulary + virtual, width]));
    const learned = trace.state("prompt", tensorType([virtual, width]));
    const isWord = less(cast(ids, "f32"), vocabulary);
    const place = cast(where(isWord, 0, sub(cast(ids, "f32"), vocabulary)), "i32");
    const x = where(reshape(isWord, [1, length, 1]), embedding(ids, table), embedding(place, learned));
    const heads = reshape(x, [1, length, 1, width]);
    const output = attention(
      { q: heads, k: heads, v: heads },
      { causal: true, scale: 0.5, queryDocuments: documents, keyDocuments: documents },
    );
    trace.output("x", x);
    trace.output("y", output);
    trace.output("dPrompt", gradients(sum(x), [learned])[0]!);
    trace.output("dThrough", gradients(sum(mul(output, output)), [learned])[0]!);
  };
  const values = (seed: number, count: number): number[] =>
    Array.from({ length: count }, (_, index) => Math.fround(Math.cos(seed + index * 0.9)));
  const inputs = [{ ids: [6, 7, 1, 2, 6, 7, 3, 0], documents: [0, 0, 0, 0, 1, 1, 1, -1] }];
  const prompt = values(5, virtual * width);
  const table = values(9, (vocabulary + virtual) * width);
  const given = {
    weights: { table: { type: tensorType([vocabulary + virtual, width]), values: table } },
    states: { prompt },
    inputs,
  };
  const { exact, strict } = await runBoth([build], given);
  expect(largestDifference(exact, strict)).toBeLessThan(1e-5);
  const [outputs] = strict.outputs;
  expect(outputs!["x"]!.slice(0, 2 * width)).toEqual(prompt);
  expect(outputs!["x"]!.slice(2 * width, 3 * width)).toEqual(table.slice(width, 2 * width));
  expect(outputs!["dPrompt"]).toEqual(new Array(virtual * width).fill(2));
  const changed = await runBoth([build], { ...given, inputs: [{ ...inputs[0]!, ids: [6, 7, 5, 2, 6, 7, 3, 0] }] });
  expect(changed.strict.outputs[0]!["y"]!.slice(4 * width)).toEqual(outputs!["y"]!.slice(4 * width));
  expect(changed.strict.outputs[0]!["y"]![3 * width]).not.toBe(outputs!["y"]![3 * width]);
});
