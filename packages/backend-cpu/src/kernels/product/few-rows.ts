// Linear layers of one to four rows, as in decoding: each weight is used so little that reading it is all the work, so nothing is
// packed. Weights [N, K] are read row by row, each output a sum of four lanes over k.
import { activationExpression, type CpuDecoder, type KernelDef } from "@attune/tensor-core";
import { address, type FunctionBuilder, f32x4, i32, type Local, load, type Value } from "@attune/tensor-core/wasm";
import { cpuKernel, signatureKey } from "../define-kernel.ts";
import { kernelFunction, type Lanes, maximum, minimum, simpleCode, storeLanes } from "../kernel-function.ts";
import { keepLanes } from "../vector-math.ts";
import { applyExpression } from "./epilogue.ts";
import { acceptsFormats, type LinearAttributes, linearExtent } from "./linear.ts";
import { transpose4 } from "./pack.ts";

type Vector = Value<"v128">;

/** Rows up to which reading the weights is most of the work. */
const mostRows = 4;

/** Weights that one tile reads, in elements. */
const tileElements = 32768;

interface FewRows {
  readonly m: number;
  readonly k: number;
  readonly n: number;
  readonly decode: CpuDecoder;
  readonly components: readonly Local<"address">[];
  readonly a: Local<"address">;
  /** Stores four outputs of a row, of which `lanes` are there. */
  readonly finish: (row: number, column: Local<"i32">, sums: Vector, lanes: Lanes) => void;
}

/** Four outputs of every row: columns from `column` on, of which `lanes` are there. */
function emitColumns(
  f: FunctionBuilder,
  { m, k, decode, components, a, finish }: FewRows,
  column: Local<"i32">,
  lanes: Lanes,
): void {
  const columns = Array.from({ length: lanes }, (_, index) => index);
  const sums = Array.from({ length: m }, () => columns.map(() => f.keep(f32x4.constant(0))));
  const elements = columns.map((index) => f.keep(i32.mul(i32.add(column, index), k)));
  const cursor = f.keep(a);
  const step = (count: Lanes): void => {
    const left = Array.from({ length: m }, (_, row) =>
      f.keep(keepLanes(f, load("v128", cursor, 4 * row * k), count, 0)),
    );
    for (const [index, element] of elements.entries()) {
      const right = f.keep(keepLanes(f, decode(f, { components, element }), count, 0));
      for (let row = 0; row < m; row++) f.set(sums[row]![index]!, f32x4.madd(left[row]!, right, sums[row]![index]!));
    }
  };
  if (k >= 4) {
    f.repeat(Math.floor(k / 4), () => {
      step(4);
      f.increment(cursor, 16);
      for (const element of elements) f.increment(element, 4);
    });
  }
  if (k % 4 !== 0) step((k % 4) as Lanes);
  const nothing = f.hoisted(f32x4.constant(0));
  sums.forEach((row, index) => {
    const [first, second, third, fourth] = transpose4(
      f,
      [0, 1, 2, 3].map((lane) => row[lane] ?? nothing),
    ) as [Vector, Vector, Vector, Vector];
    finish(index, column, f32x4.add(f32x4.add(first, third), f32x4.add(second, fourth)), lanes);
  });
}

export const fewRowsKernel: KernelDef = cpuKernel({
  op: "linear",
  variant: "few-rows",
  accepts(signature) {
    const { m, k, transposeA, transposeB } = linearExtent(signature);
    const fits = !transposeA && transposeB && m > 0 && m <= mostRows && k > 0;
    return fits && acceptsFormats(signature) ? 1 : undefined;
  },
  lower(signature) {
    const { m, k, n } = linearExtent(signature);
    const { bias, residual, activation } = signature.attributes as unknown as LinearAttributes;
    const { format, shape } = signature.inputs[1]!;
    const afterB = 1 + format.components(shape).length;
    const output = afterB + Number(bias) + Number(residual);
    const step = Math.max(16, Math.floor(tileElements / k / 16) * 16);
    return simpleCode(signatureKey(signature, ".few-rows"), Math.ceil(n / step), (module) =>
      kernelFunction(module, "fewRows", output + 1, (f, { bindings, tile }) => {
        const place = (binding: number, row: number, column: Local<"i32">): Local<"address"> =>
          f.keep(address.add(address.at(bindings[binding]!, column, 4), 4 * row * n));
        const finish: FewRows["finish"] = (row, column, sums, lanes) => {
          let value = sums;
          if (bias) value = f32x4.add(value, load("v128", place(afterB, 0, column)));
          if (activation !== "") value = applyExpression(f, activationExpression(activation)!, value);
          if (residual) value = f32x4.add(value, load("v128", place(output - 1, row, column)));
          storeLanes(f, place(output, row, column), value, lanes);
        };
        const options: FewRows = {
          m,
          k,
          n,
          decode: format.decoders.cpu!,
          components: bindings.slice(1, afterB),
          a: bindings[0]!,
          finish,
        };
        const first = f.keep(i32.mul(tile, step));
        const last = f.keep(minimum(i32.add(first, step), i32.constant(n)));
        const whole = f.keep(i32.and(last, -4));
        f.for(first, whole, 4, (column) => emitColumns(f, options, column, 4));
        if (n % 4 !== 0)
          f.if(i32.ltS(whole, last), () => emitColumns(f, options, f.keep(maximum(first, whole)), (n % 4) as Lanes));
      }),
    );
  },
});
