import {
  type Attributes,
  attentionBackwardOp,
  attentionOp,
  type Backend,
  createRandomSequence,
  type OpDef,
  type TensorType,
  tensorType,
} from "@attune/tensor-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createCpuBackend } from "../src/cpu-backend.ts";
import { runOp } from "./run-kernel.ts";

interface Case {
  readonly name: string;
  readonly batch?: number;
  readonly queries: number;
  readonly keys?: number;
  readonly heads: number;
  readonly keyHeads: number;
  readonly size: number;
  readonly causal?: boolean;
  readonly window?: number;
  readonly documents?: readonly number[];
  readonly lengths?: readonly number[];
  readonly positions?: { readonly queries: readonly number[]; readonly keys: readonly number[] };
}

const documentsOf = (...lengths: number[]): number[] =>
  lengths.flatMap((length, index) => new Array<number>(length).fill(index));

const cases: readonly Case[] = [
  { name: "one block", queries: 16, heads: 2, keyHeads: 2, size: 8, causal: true },
  { name: "grouped heads over several blocks", batch: 2, queries: 77, heads: 4, keyHeads: 2, size: 64, causal: true },
  { name: "one key head, three queries", queries: 3, heads: 3, keyHeads: 1, size: 24, causal: true },
  { name: "bidirectional", queries: 70, heads: 2, keyHeads: 1, size: 16 },
  { name: "last queries of a longer sequence", queries: 5, keys: 131, heads: 2, keyHeads: 1, size: 32, causal: true },
  { name: "window", queries: 90, heads: 2, keyHeads: 2, size: 16, causal: true, window: 13 },
  {
    name: "packed documents with padding",
    queries: 150,
    heads: 4,
    keyHeads: 2,
    size: 16,
    causal: true,
    documents: [...documentsOf(70, 1, 9, 64), -1, -1, -1, -1, -1, -1],
  },
  {
    name: "documents out of order",
    queries: 66,
    heads: 1,
    keyHeads: 1,
    size: 8,
    causal: true,
    documents: documentsOf(30, 30, 6).toReversed(),
  },
  { name: "lengths", batch: 3, queries: 1, keys: 100, heads: 4, keyHeads: 2, size: 16, lengths: [1, 100, 65] },
  {
    name: "one query over several tiles of keys",
    batch: 2,
    queries: 1,
    keys: 603,
    heads: 10,
    keyHeads: 2,
    size: 24,
    lengths: [601, 255],
  },
  { name: "one query that sees every key", queries: 1, keys: 259, heads: 3, keyHeads: 1, size: 64 },
  { name: "one query without keys", batch: 2, queries: 1, keys: 5, heads: 2, keyHeads: 2, size: 8, lengths: [0, 5] },
  {
    name: "positions of a ring cache",
    queries: 2,
    keys: 9,
    heads: 2,
    keyHeads: 1,
    size: 8,
    causal: true,
    positions: { queries: [10, 11], keys: [9, 10, 11, 3, 4, -1, 6, 7, 8] },
  },
];

interface Operand {
  readonly type: TensorType;
  readonly values: ArrayLike<number>;
}

function operandsOf(sample: Case): {
  required: Operand[];
  cotangent: Operand;
  extras: Operand[];
  attributes: Attributes;
} {
  const { batch = 1, queries, keys = queries, heads, keyHeads, size, causal = false, window = 0 } = sample;
  const random = createRandomSequence(7, sample.name);
  const floats = (...shape: number[]): Operand => ({
    type: tensorType(shape),
    values: Float32Array.from({ length: shape.reduce((a, b) => a * b) }, () => random.normal()),
  });
  const integers = (values: readonly number[], ...shape: number[]): Operand => ({
    type: tensorType(shape, "i32"),
    values,
  });
  const { documents, positions, lengths } = sample;
  const extras: Record<string, Operand> = {
    ...(documents
      ? { queryDocuments: integers(documents, batch, queries), keyDocuments: integers(documents, batch, keys) }
      : {}),
    ...(positions
      ? {
          queryPositions: integers(positions.queries, batch, queries),
          keyPositions: integers(positions.keys, batch, keys),
        }
      : {}),
    ...(lengths ? { lengths: integers(lengths, batch) } : {}),
  };
  return {
    required: [
      floats(batch, queries, heads, size),
      floats(batch, keys, keyHeads, size),
      floats(batch, keys, keyHeads, size),
    ],
    cotangent: floats(batch, queries, heads, size),
    extras: Object.values(extras),
    attributes: { causal, window, softcap: 0, scale: Math.fround(1 / Math.sqrt(size)), extras: Object.keys(extras) },
  };
}

function exactly(op: OpDef, inputs: readonly Operand[], attributes: Attributes): readonly Float64Array[] {
  const inputTypes = inputs.map(({ type }) => type);
  const values = inputs.map((operand) => Float64Array.from(operand.values));
  return op.reference!(values, { attributes, inputTypes, outputTypes: op.infer(inputTypes, attributes) });
}

function expectClose(
  actual: readonly (readonly number[])[],
  exact: readonly Float64Array[],
  accumulation: number,
): void {
  for (const [output, expected] of exact.entries()) {
    const scale = expected.reduce((largest, x) => (Number.isFinite(x) ? Math.max(largest, Math.abs(x)) : largest), 0);
    const tolerance = 4 * 2 ** -23 * Math.sqrt(accumulation) * scale;
    for (const [index, x] of expected.entries()) {
      const got = actual[output]![index]!;
      if (got !== x && !(Math.abs(x - got) <= tolerance))
        expect.fail(`output ${output}[${index}] is ${got}, expected ${x} ± ${tolerance}`);
    }
  }
}

describe("attention on the CPU", () => {
  let backend: Backend;
  beforeAll(() => {
    backend = createCpuBackend({ threads: 2 });
  });
  afterAll(() => backend.dispose());

  it.each(cases)("$name: forward and backward are those of the float64 reference", async (sample) => {
    const { required, cotangent, extras, attributes } = operandsOf(sample);
    const [forward, backward] = [attentionOp, attentionBackwardOp] as unknown as [OpDef, OpDef];
    const accumulation = (sample.keys ?? sample.queries) * (sample.heads / sample.keyHeads) + sample.size;
    const exact = exactly(forward, [...required, ...extras], attributes);
    expectClose(await runOp(backend, forward, attributes, [...required, ...extras]), exact, accumulation);
    const [o, lse] = exact.map((values, index) => ({
      type: forward.infer(
        [...required, ...extras].map(({ type }) => type),
        attributes,
      )[index]!,
      values: Float32Array.from(values),
    }));
    const inputs = [...required, o!, lse!, cotangent, ...extras];
    expectClose(
      await runOp(backend, backward, attributes, inputs),
      exactly(backward, inputs, attributes),
      accumulation,
    );
  });
});
