// sum and max over any axes. Merged axes alternate between kept and reduced ones. If the innermost is reduced, each output is
// folded along rows; if it is kept, a strip of neighbouring outputs is folded down the rows. Every output is folded by one
// thread in a fixed order.
import type { DType, KernelDef, Signature } from "@attune/tensor-core";
import { elementCount } from "@attune/tensor-core";
import {
  address,
  type FunctionBuilder,
  f32,
  f32x4,
  i32,
  i32x4,
  type Local,
  load,
  shuffle32,
  type Value,
} from "@attune/tensor-core/wasm";
import { cpuKernel, signatureKey } from "../define-kernel.ts";
import { forVectors } from "../for-vectors.ts";
import { kernelFunction, type Lanes, minimum, rowsPerTile, simpleCode, storeLanes } from "../kernel-function.ts";
import { keepLanes } from "../vector-math.ts";

type Vector = Value<"v128">;

interface ReduceAxis {
  readonly size: number;
  readonly stride: number;
  readonly reduced: boolean;
}

interface Fold {
  readonly combine: (left: Vector, right: Vector) => Vector;
  /** What leaves the other operand as it is. */
  readonly neutral: number;
  readonly integer: boolean;
}

function foldOf(op: "sum" | "max", dtype: DType): Fold {
  const integer = dtype !== "f32";
  if (op === "sum") return { combine: integer ? i32x4.add : f32x4.add, neutral: 0, integer };
  return integer
    ? { combine: dtype === "i32" ? i32x4.maxS : i32x4.maxU, neutral: dtype === "i32" ? -(2 ** 31) : 0, integer }
    : { combine: f32x4.max, neutral: Number.NEGATIVE_INFINITY, integer };
}

const neutralVector = ({ integer, neutral }: Fold): Vector =>
  integer ? i32x4.constant(neutral) : f32x4.constant(neutral);

function mergeAxes(shape: readonly number[], axes: readonly number[]): ReduceAxis[] {
  const merged: ReduceAxis[] = [];
  for (const [axis, size] of shape.entries()) {
    if (size === 1) continue;
    const stride = elementCount(shape.slice(axis + 1));
    const reduced = axes.includes(axis);
    const outer = merged.at(-1);
    if (outer?.reduced === reduced) merged[merged.length - 1] = { size: outer.size * size, stride, reduced };
    else merged.push({ size, stride, reduced });
  }
  return merged.length > 0 ? merged : [{ size: 1, stride: 1, reduced: false }];
}

/** Element offset of the combination number `index` of axes. */
function offsetOf(f: FunctionBuilder, axes: readonly ReduceAxis[], index: Value<"i32">): Local<"i32"> {
  const offset = f.keep(i32.constant(0));
  const left = f.keep(index);
  for (const [depth, { size, stride }] of [...axes.entries()].reverse()) {
    f.increment(offset, i32.mul(depth === 0 ? left : i32.remU(left, size), stride));
    if (depth > 0) f.set(left, i32.divU(left, size));
  }
  return offset;
}

const countOf = (axes: readonly ReduceAxis[]): number => axes.reduce((product, { size }) => product * size, 1);

/** Neighbouring outputs that are folded together where the innermost axis is kept. */
const strip = 64;

function reduceKernel(op: "sum" | "max"): KernelDef {
  return cpuKernel({
    op,
    lower(signature) {
      const { shape, dtype } = signature.inputs[0]!;
      const axes = mergeAxes(shape, signature.attributes["axes"] as readonly number[]);
      const fold = foldOf(op, dtype);
      const outputs = elementCount(signature.outputs[0]!.shape);
      if (outputs === 0 || elementCount(shape) === 0) return emptyCode(signature, fold, outputs);
      return axes.at(-1)!.reduced ? alongRows(signature, axes, fold) : downRows(signature, axes, fold);
    },
  });
}

/** Outputs of nothing: the neutral value. */
function emptyCode(signature: Signature, fold: Fold, outputs: number): ReturnType<typeof simpleCode> {
  return simpleCode(signatureKey(signature), Math.min(1, outputs), (module) =>
    kernelFunction(module, signature.op, 2, (f, { bindings: [, y] }) => {
      const value = f.keep(neutralVector(fold));
      forVectors(f, outputs, (at) => at.store(y!, value));
    }),
  );
}

function alongRows(signature: Signature, axes: readonly ReduceAxis[], fold: Fold): ReturnType<typeof simpleCode> {
  const kept = axes.filter((axis) => !axis.reduced);
  const outer = axes.slice(0, -1).filter((axis) => axis.reduced);
  const columns = axes.at(-1)!.size;
  const outputs = countOf(kept);
  const step = rowsPerTile(columns * countOf(outer));
  return simpleCode(signatureKey(signature), Math.ceil(outputs / step), (module) =>
    kernelFunction(module, signature.op, 2, (f, { bindings: [x, y], tile }) => {
      const first = f.keep(i32.mul(tile, step));
      f.for(first, minimum(i32.add(first, step), i32.constant(outputs)), 1, (index) => {
        const start = offsetOf(f, kept, index);
        const chains = [0, 16].map(() => f.keep(neutralVector(fold)));
        f.for(0, countOf(outer), 1, (row) => {
          const base = f.keep(address.at(x!, i32.add(start, offsetOf(f, outer, row)), 4));
          forVectors(f, columns, (at) => {
            const chain = chains[at.which]!;
            f.set(chain, fold.combine(chain, maskLanes(f, at.load(base), at.lanes, fold)));
          });
        });
        const joined = f.keep(fold.combine(chains[0]!, chains[1]!));
        const pairs = f.keep(fold.combine(joined, shuffle32(joined, joined, [2, 3, 2, 3])));
        const single = f.keep(fold.combine(pairs, shuffle32(pairs, pairs, [1, 1, 1, 1])));
        f.storeLane(32, address.at(y!, index, 4), single, 0);
      });
    }),
  );
}

function maskLanes(f: FunctionBuilder, value: Vector, lanes: Lanes, { neutral, integer }: Fold): Vector {
  if (lanes === 4 || !integer) return keepLanes(f, value, lanes, neutral);
  let kept = value;
  for (let lane: number = lanes; lane < 4; lane++) kept = i32x4.replace(kept, lane, neutral);
  return kept;
}

function downRows(signature: Signature, axes: readonly ReduceAxis[], fold: Fold): ReturnType<typeof simpleCode> {
  const kept = axes.filter((axis) => !axis.reduced);
  const reduced = axes.filter((axis) => axis.reduced);
  const columns = axes.at(-1)!.size;
  const outer = kept.slice(0, -1);
  const strips = Math.ceil(columns / strip);
  const rest = columns % strip;
  return simpleCode(signatureKey(signature), countOf(outer) * strips, (module) =>
    kernelFunction(module, signature.op, 2, (f, { bindings: [x, y], tile }) => {
      const group = f.keep(i32.divU(tile, strips));
      const column = f.keep(i32.mul(i32.remU(tile, strips), strip));
      const start = f.keep(i32.add(offsetOf(f, outer, group), column));
      const target = f.keep(address.at(y!, i32.add(i32.mul(group, columns), column), 4));
      const run = (width: number): void => foldStrip(f, { x: x!, start, target, width, reduced, fold });
      if (rest === 0) run(strip);
      else
        f.if(
          i32.leU(i32.add(column, strip), columns),
          () => run(strip),
          () => run(rest),
        );
    }),
  );
}

interface Strip {
  readonly x: Local<"address">;
  readonly start: Local<"i32">;
  readonly target: Local<"address">;
  readonly width: number;
  readonly reduced: readonly ReduceAxis[];
  readonly fold: Fold;
}

/** Folds up to 16 vectors of neighbouring outputs, 4 at a time so that they stay in registers. */
function foldStrip(f: FunctionBuilder, { x, start, target, width, reduced, fold }: Strip): void {
  for (let first = 0; first < width; first += 16) {
    const offsets = [0, 4, 8, 12].filter((offset) => first + offset < width).map((offset) => 4 * (first + offset));
    const sums = offsets.map(() => f.keep(neutralVector(fold)));
    f.for(0, countOf(reduced), 1, (row) => {
      const base = f.keep(address.at(x, i32.add(start, offsetOf(f, reduced, row)), 4));
      for (const [index, offset] of offsets.entries())
        f.set(sums[index]!, fold.combine(sums[index]!, load("v128", base, offset)));
    });
    for (const [index, offset] of offsets.entries())
      storeLanes(f, target, sums[index]!, Math.min(4, width - offset / 4) as Lanes, offset);
  }
}

const argMax: KernelDef = cpuKernel({
  op: "argMax",
  lower(signature) {
    const columns = signature.inputs[0]!.shape.at(-1)!;
    const rows = elementCount(signature.outputs[0]!.shape);
    const step = rowsPerTile(columns);
    return simpleCode(signatureKey(signature), Math.ceil(rows / step), (module) =>
      kernelFunction(module, "argMax", 2, (f, { bindings: [x, y], tile }) => {
        const first = f.keep(i32.mul(tile, step));
        f.for(first, minimum(i32.add(first, step), i32.constant(rows)), 1, (row) => {
          const cursor = f.keep(address.at(x!, row, 4 * columns));
          const best = f.keep(i32.constant(0));
          const most = f.keep(load("f32", cursor));
          f.for(1, columns, 1, (column) => {
            f.increment(cursor, 4);
            const value = f.keep(load("f32", cursor));
            f.if(f32.gt(value, most), () => {
              f.set(most, value);
              f.set(best, column);
            });
          });
          f.store("i32", address.at(y!, row, 4), best);
        });
      }),
    );
  },
});

export const reduceKernels: readonly KernelDef[] = [reduceKernel("sum"), reduceKernel("max"), argMax];
