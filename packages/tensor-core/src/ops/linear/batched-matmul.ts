import { applyOp, type Tensor } from "../../graph/tensor.ts";
import { defineOp, type OpDef, type OpSample } from "../../op-def/op-def.ts";
import { formatType, type TensorType, tensorType } from "../../type/tensor-type.ts";
import { expectDtype, expectRank, shapeMismatch } from "../checks.ts";
import { exactFloats, floats } from "../sample-values.ts";
import { multiplyInto } from "./matrix-values.ts";

/** Which factors are transposed first. */
export type BatchedMatmulAttributes = {
  /** a is [B, K, M] instead of [B, M, K]. */
  readonly transposeA: boolean;
  /** b is [B, N, K] instead of [B, K, N]. */
  readonly transposeB: boolean;
};

function extent(
  a: TensorType,
  b: TensorType,
  { transposeA, transposeB }: BatchedMatmulAttributes,
): Record<"m" | "k" | "n" | "inner", number> {
  const [m, k] = transposeA ? [a.shape[2]!, a.shape[1]!] : [a.shape[1]!, a.shape[2]!];
  const [inner, n] = transposeB ? [b.shape[2]!, b.shape[1]!] : [b.shape[1]!, b.shape[2]!];
  return { m, k, n, inner };
}

/** One matrix product for each index of the first axis. */
export const batchedMatmulOp: OpDef<BatchedMatmulAttributes> = defineOp<BatchedMatmulAttributes>({
  id: "batchedMatmul",
  infer([a, b], attributes) {
    for (const [name, type] of [
      ["a", a!],
      ["b", b!],
    ] as const) {
      expectRank("batchedMatmul", name, type, 3);
      expectDtype("batchedMatmul", name, type, "f32");
    }
    const { m, k, n, inner } = extent(a!, b!, attributes);
    if (a!.shape[0] !== b!.shape[0] || k !== inner) {
      throw shapeMismatch(
        "batchedMatmul",
        `${formatType(a!)} and ${formatType(b!)} differ in the batch or the inner axis.`,
      );
    }
    return [tensorType([a!.shape[0]!, m, n])];
  },
  vjp({ inputs, cotangents, needed, attributes: { transposeA, transposeB } }) {
    const [a, b] = inputs as [Tensor, Tensor];
    const [dy] = cotangents as [Tensor];
    const da = (): Tensor =>
      transposeA
        ? batchedMatmul(b, dy, { transposeA: transposeB, transposeB: true })
        : batchedMatmul(dy, b, { transposeB: !transposeB });
    const db = (): Tensor =>
      transposeB
        ? batchedMatmul(dy, a, { transposeA: true, transposeB: transposeA })
        : batchedMatmul(a, dy, { transposeA: !transposeA });
    return [needed[0] ? da() : undefined, needed[1] ? db() : undefined];
  },
  reference([a, b], { inputTypes, attributes }) {
    const { m, k, n } = extent(inputTypes[0]!, inputTypes[1]!, attributes);
    const batch = inputTypes[0]!.shape[0]!;
    const y = new Float64Array(batch * m * n);
    for (let index = 0; index < batch; index++) {
      const part = (values: Float64Array, size: number): Float64Array =>
        values.subarray(index * size, (index + 1) * size);
      multiplyInto(part(y, m * n), part(a!, m * k), part(b!, k * n), { m, k, n, ...attributes });
    }
    return [y];
  },
  accumulation: ([a, b], attributes) => Math.max(1, extent(a!, b!, attributes).k),
  cost([a, b], _, attributes) {
    const { m, k, n } = extent(a!, b!, attributes);
    return { flops: 2 * a!.shape[0]! * m * k * n };
  },
  samples: () => [
    {
      name: "NaN and Inf stay in their rows",
      inputs: [exactFloats([1, 3, 2], [Number.NaN, 1, Infinity, 1, 1, 1]), exactFloats([1, 2, 2], [1, 2, 3, 4])],
      attributes: { transposeA: false, transposeB: true },
    },
    ...[
      [2, 3, 5, 7],
      [3, 17, 8, 1],
      [1, 1, 33, 9],
      [0, 2, 3, 4],
      [2, 3, 0, 4],
    ].flatMap((sizes) =>
      [0, 1, 2, 3].map((flags) =>
        productSample(sizes as [number, number, number, number], (flags & 1) !== 0, flags > 1),
      ),
    ),
  ],
});

function productSample(
  [batch, m, k, n]: readonly [number, number, number, number],
  transposeA: boolean,
  transposeB: boolean,
): OpSample<BatchedMatmulAttributes> {
  const name = `${batch}x${m}x${k}x${n}${transposeA ? ", transposeA" : ""}${transposeB ? ", transposeB" : ""}`;
  return {
    name,
    inputs: [
      floats(`${name} a`, transposeA ? [batch, k, m] : [batch, m, k]),
      floats(`${name} b`, transposeB ? [batch, n, k] : [batch, k, n]),
    ],
    attributes: { transposeA, transposeB },
    differentiable: [0, 1],
  };
}

/**
 * a · b for each index of the first axis, each transposed first if asked.
 *
 * @param a - [B, M, K]
 * @param b - [B, K, N]
 * @throws AttuneError `SHAPE_MISMATCH` if batch or inner axis differ
 */
export function batchedMatmul(
  a: Tensor,
  b: Tensor,
  { transposeA = false, transposeB = false }: Partial<BatchedMatmulAttributes> = {},
): Tensor {
  return applyOp(batchedMatmulOp, [a, b], { transposeA, transposeB })[0]!;
}
