// What is timed: programs over State, at sizes of models.
import {
  attention,
  bfloat16,
  type Capabilities,
  float32,
  gradients,
  matmul,
  mul,
  reshape,
  rmsNorm,
  type StorageFormat,
  softmax,
  sum,
  type Trace,
  tensorType,
} from "@attune/tensor-core";
import { scatteredValues, type TimedProgram } from "./timed-program.ts";

/** y = x · wᵀ (forward), x · w (the gradient of x) or xᵀ · w (the gradient of a weight), with w in a storage format. */
function product(
  [m, n, k]: readonly [number, number, number],
  format: StorageFormat = float32,
  order: "forward" | "input" | "weight" = "forward",
): TimedProgram {
  const shapes = { forward: [m, k, n, k], input: [m, k, k, n], weight: [k, m, k, n] }[order] as [
    number,
    number,
    number,
    number,
  ];
  const type = tensorType(shapes.slice(2), "f32", format);
  return {
    states: { x: m * k, y: m * n },
    result: "y",
    flops: 2 * m * n * k,
    bytes: 0,
    prepare: (runtime) => runtime.weights.set("w", type, scatteredValues(n * k)),
    record(trace: Trace) {
      const [x, w] = [trace.state("x", tensorType(shapes.slice(0, 2))), trace.weight("w", type)];
      trace.update(
        trace.state("y", tensorType([m, n])),
        matmul(x, w, { transposeA: order === "weight", transposeB: order === "forward" }),
      );
    },
  };
}

/** Causal attention over heads of 64, forward or with its gradients. */
function attentionProgram(tokens: number, heads: number, backward: boolean): TimedProgram {
  const type = tensorType([1, tokens, heads, 64]);
  const count = tokens * heads * 64;
  return {
    states: { q: count, k: count, v: count, o: count },
    result: "o",
    flops: (backward ? 3.5 : 1) * 2 * tokens * tokens * heads * 64,
    bytes: 0,
    record(trace: Trace) {
      const [q, k, v, o] = ["q", "k", "v", "o"].map((part) => trace.state(part, type));
      const made = attention({ q: q!, k: k!, v: v! }, { causal: true });
      if (!backward) return trace.update(o!, made);
      const [dq, dk, dv] = gradients(sum(made), [q!, k!, v!]);
      trace.update(q!, dq!);
      trace.update(k!, dk!);
      trace.update(v!, dv!);
      trace.update(o!, made);
    },
  };
}

/** A pass over rows that memory alone should limit. */
function rowsProgram(
  [rows, columns]: readonly [number, number],
  passes: number,
  record: (trace: Trace) => void,
): TimedProgram {
  return {
    states: { x: rows * columns, y: rows * columns },
    result: "y",
    flops: 0,
    bytes: 4 * passes * rows * columns,
    record,
  };
}

/** A copy that is long beside what a run costs the host: 1 GiB read and written where the device has room for it. */
export function copyProgram({ maxBindingBytes, maxAllocationBytes }: Capabilities): TimedProgram {
  const count = Math.min(maxBindingBytes, maxAllocationBytes) >= 2 ** 29 ? 2 ** 27 : 2 ** 24;
  return {
    states: { from: count, to: count },
    result: "to",
    flops: 0,
    bytes: 8 * count,
    record(trace: Trace) {
      const type = tensorType([count]);
      trace.update(trace.state("to", type), mul(trace.state("from", type), 2));
    },
  };
}

const unary = (trace: Trace, shape: [number, number], make: (x: ReturnType<Trace["state"]>) => typeof x): void =>
  trace.update(trace.state("y", tensorType(shape)), make(trace.state("x", tensorType(shape))));

/** Programs by name. */
export type Named = readonly (readonly [string, TimedProgram])[];

/** Products, which are timed in every variant; those of a quick run come first. */
export const everywhere: Named = [
  ["2048 cubed", product([2048, 2048, 2048])],
  ["4096 tokens, 576 to 1536", product([4096, 1536, 576])],
  ["4096 cubed", product([4096, 4096, 4096])],
  ["4096 cubed, gradient of x", product([4096, 4096, 4096], float32, "input")],
  ["4096 cubed, gradient of w", product([4096, 4096, 4096], float32, "weight")],
  ["4096 cubed, weight in bf16", product([4096, 4096, 4096], bfloat16)],
  ["4096 tokens, rank 8 of 576", product([4096, 8, 576])],
  ["gradient of rank 8 over 4096 tokens", product([8, 576, 4096], float32, "weight")],
];
/** How many these are. */
export const quickOnes = 2;
/** The place of the product that is timed with its loops written out, too. */
export const cube = [2, 3] as const;

/** What has no variants. */
export const onlyPlain: Named = [
  ["attention, 2048 causal tokens, 9 heads of 64", attentionProgram(2048, 9, false)],
  ["attention with gradients, 2048 causal tokens, 9 heads of 64", attentionProgram(2048, 9, true)],
  ["softmax of 4096 rows of 16384", rowsProgram([4096, 16384], 2, (trace) => unary(trace, [4096, 16384], softmax))],
  [
    "RMS norm of 65536 rows of 576",
    rowsProgram([65536, 576], 2, (trace) =>
      unary(trace, [65536, 576], (x) =>
        rmsNorm(x, reshape(trace.input("weight", tensorType([576])), [576]), { epsilon: 1e-5 }),
      ),
    ),
  ],
];

/** Products of one row, where subgroups matter. */
export const decoding: Named = [["one token, 4096 to 4096, weight in bf16", product([1, 4096, 4096], bfloat16)]];
