// Samples of attention and its backward pass: every option alone, and those that occur together.
import type { OpSample } from "../../op-def/op-def.ts";
import { tensorType } from "../../type/tensor-type.ts";
import { exactFloats, exactIntegers, floats, type SampleInput } from "../sample-values.ts";
import { type AttentionAttributes, type AttentionExtraValues, attentionExtras } from "./attention-operands.ts";
import { attentionReference } from "./attention-reference.ts";

type Sample = OpSample<AttentionAttributes>;

interface Sizes {
  readonly batch?: number;
  readonly queries: number;
  readonly keys?: number;
  readonly heads?: number;
  readonly keyHeads?: number;
  readonly size?: number;
}

interface Options extends Partial<Omit<AttentionAttributes, "extras">>, AttentionExtraValues<SampleInput> {
  /** Shape of keys and values where a cache table reads them. */
  readonly cache?: readonly number[];
}

function sample(
  name: string,
  { batch = 1, queries, keys = queries, heads = 2, keyHeads = heads, size = 4 }: Sizes,
  options: Options = {},
): Sample {
  const { causal = false, scale = 1 / Math.sqrt(size), window = 0, softcap = 0 } = options;
  const extras = attentionExtras.filter((extra) => options[extra]);
  const keyShape = options.cache ?? [batch, keys, keyHeads, size];
  const differentiable = extras.flatMap((extra, index) => (extra === "bias" || extra === "sinks" ? [3 + index] : []));
  return {
    name,
    inputs: [
      floats(`${name} q`, [batch, queries, heads, size]),
      floats(`${name} k`, keyShape),
      floats(`${name} v`, keyShape),
      ...extras.map((extra) => options[extra]!),
    ],
    attributes: { causal, scale: Math.fround(scale), window, softcap, extras },
    ...(batch * queries * heads * size * keys <= 2000 ? { differentiable: [0, 1, 2, ...differentiable] } : {}),
  };
}

const causal = { causal: true };

/** Samples of `attention`. */
export function attentionSamples(): Sample[] {
  return [
    ...shapeSamples(),
    ...documentSamples(),
    ...placeSamples(),
    ...scoreSamples(),
    sample(
      "everything",
      { queries: 5, heads: 2, keyHeads: 1 },
      {
        ...causal,
        window: 4,
        softcap: 2,
        queryDocuments: exactIntegers([1, 5], [0, 0, 0, 1, 1]),
        keyDocuments: exactIntegers([1, 5], [0, 0, 0, 1, 1]),
        bias: floats("everything", [2, 3]),
        alibi: exactFloats([2], [0.25, 0.5]),
        sinks: floats("sinks", [2]),
      },
    ),
    {
      ...sample("NaN in one query", { queries: 3, heads: 1, size: 2 }, causal),
      differentiable: [],
      inputs: nanInputs(),
    },
  ];
}

/** Numbers of queries, keys and heads, and their width. */
function shapeSamples(): Sample[] {
  return [
    sample("causal", { batch: 2, queries: 5 }, causal),
    sample("bidirectional", { batch: 2, queries: 5 }),
    sample("one token", { queries: 1, heads: 1, size: 1 }, causal),
    sample("no tokens", { batch: 0, queries: 3 }, causal),
    sample("grouped heads", { queries: 5, heads: 4, keyHeads: 2 }, causal),
    sample("one key head", { queries: 3, heads: 3, keyHeads: 1, size: 6 }, causal),
    sample("last queries", { queries: 2, keys: 6 }, causal),
    sample("more queries than keys", { queries: 5, keys: 3 }, causal),
    sample("long", { queries: 131, heads: 2, keyHeads: 1, size: 8 }, causal),
    sample("wide heads", { queries: 17, heads: 2, size: 33 }, causal),
    sample("64 wide", { queries: 33, heads: 2, keyHeads: 1, size: 64 }, causal),
    sample("64 tokens", { queries: 64, heads: 1, size: 16 }, causal),
  ];
}

/** Who sees whom by document, and a prefix that all of them see. */
function documentSamples(): Sample[] {
  const ids = exactIntegers([1, 7], [0, 0, 0, 1, 1, 2, -1]);
  const documents = { queryDocuments: ids, keyDocuments: ids };
  const long = Array.from({ length: 70 }, (_, index) => Math.floor(index / 23));
  return [
    sample("documents", { queries: 7, heads: 2, keyHeads: 1 }, { ...causal, ...documents }),
    sample("documents, bidirectional", { queries: 7, heads: 1 }, documents),
    sample(
      "long documents",
      { queries: 70, heads: 2, keyHeads: 1, size: 8 },
      {
        ...causal,
        queryDocuments: exactIntegers([1, 70], long),
        keyDocuments: exactIntegers([1, 70], long),
      },
    ),
    sample(
      "prefix before documents",
      { queries: 5, keys: 7 },
      {
        ...causal,
        queryDocuments: exactIntegers([1, 5], [0, 0, 1, 1, -1]),
        keyDocuments: exactIntegers([1, 7], [-1, -1, 0, 0, 1, 1, -1]),
        prefix: exactIntegers([1], [2]),
      },
    ),
    sample(
      "prefix language model",
      { batch: 2, queries: 5, heads: 1 },
      { ...causal, prefix: exactIntegers([2], [3, 0]) },
    ),
  ];
}

/** Who sees whom by length and position, and where keys lie. */
function placeSamples(): Sample[] {
  return [
    sample("lengths", { batch: 3, queries: 2, keys: 5 }, { lengths: exactIntegers([3], [5, 2, 0]) }),
    sample(
      "positions",
      { batch: 2, queries: 2, keys: 5 },
      {
        ...causal,
        queryPositions: exactIntegers([2, 2], [3, 4, 0, 1]),
        keyPositions: exactIntegers([2, 5], [0, 1, 2, 3, 4, 1, 0, -1, -1, -1]),
      },
    ),
    sample(
      "ring cache",
      { batch: 2, queries: 1, keys: 4, heads: 4, keyHeads: 2 },
      {
        ...causal,
        queryPositions: exactIntegers([2, 1], [6, 1]),
        keyPositions: exactIntegers([2, 4], [4, 5, 6, 3, 0, 1, -1, -1]),
        lengths: exactIntegers([2], [4, 2]),
      },
    ),
    sample(
      "cache table",
      { batch: 2, queries: 1, keys: 6, heads: 2, keyHeads: 1 },
      {
        ...causal,
        cache: [5, 2, 1, 4],
        cacheTable: exactIntegers([2, 3], [4, 0, -1, 2, 4, 3]),
        queryPositions: exactIntegers([2, 1], [3, 4]),
        lengths: exactIntegers([2], [4, 5]),
      },
    ),
  ];
}

/** What becomes of scores before they are weights. */
function scoreSamples(): Sample[] {
  return [
    sample("window", { queries: 7 }, { ...causal, window: 3 }),
    sample("window, bidirectional", { queries: 7, heads: 1 }, { window: 2 }),
    sample("softcap", { queries: 5 }, { ...causal, softcap: 1.5, scale: 2 }),
    sample("ALiBi", { queries: 5 }, { ...causal, alibi: exactFloats([2], [0.5, 0.0625]) }),
    sample("bias", { batch: 2, queries: 3, keys: 4 }, { bias: floats("bias", [2, 3, 4]) }),
    sample("relative bias", { batch: 2, queries: 5 }, { bias: floats("relative bias", [2, 5]) }),
    sample(
      "relative bias by positions",
      { batch: 2, queries: 2, keys: 3 },
      {
        bias: floats("relative bias by positions", [2, 7]),
        queryPositions: exactIntegers([2, 2], [3, 4, 0, 1]),
      },
    ),
    sample("sinks", { queries: 5, heads: 4, keyHeads: 2, size: 3 }, { ...causal, sinks: floats("sinks", [4]) }),
    sample("sinks over blind rows", { queries: 3 }, { sinks: floats("sinks", [2]), lengths: exactIntegers([1], [0]) }),
  ];
}

/** A query of NaN makes its own row NaN, and no other. */
function nanInputs(): SampleInput[] {
  const shape = [1, 3, 1, 2];
  return [exactFloats(shape, [1, 2, Number.NaN, 4, 3, 5]), floats("k", shape), floats("v", shape)];
}

/** Samples of `attentionBackward`: those of the forward pass with its outputs, rounded to f32. */
export function attentionBackwardSamples(): Sample[] {
  return attentionSamples()
    .filter(({ name }) => !name.startsWith("NaN"))
    .map(({ name, inputs, attributes }) => {
      const [q, k, v, ...extras] = inputs as [SampleInput, SampleInput, SampleInput, ...SampleInput[]];
      const inputTypes = inputs.map(({ type }) => type);
      const [output, logSumExp] = attentionReference(
        inputs.map(({ values }) => Float64Array.from(values)),
        { attributes, inputTypes, outputTypes: [] },
      );
      const [batch, queries, heads] = q.type.shape as [number, number, number];
      const rounded = (shape: readonly number[], values: Float64Array): SampleInput => ({
        type: tensorType(shape),
        values: Float32Array.from(values),
      });
      return {
        name,
        inputs: [
          q,
          k,
          v,
          rounded(q.type.shape, output!),
          rounded([batch, heads, queries], logSumExp!),
          floats(`${name} do`, q.type.shape),
          ...extras,
        ],
        attributes,
      };
    });
}
