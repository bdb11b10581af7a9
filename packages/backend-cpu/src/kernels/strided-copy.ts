// Ops that move elements: copy, slice, split, concat, transpose, pad, broadcastTo, reshape. Each is one or more strided copies between
// row-major tensors; axes along which both sides step alike are merged, so that most become rows of bytes.
import {
  type CpuKernelCode,
  elementCount,
  isPlain,
  type KernelDef,
  type Signature,
  type TensorType,
} from "@attune/tensor-core";
import { address, type FunctionBuilder, i32, type Local, load, type Value } from "@attune/tensor-core/wasm";
import { cpuKernel, signatureKey } from "./define-kernel.ts";
import { kernelFunction, minimum, rowsPerTile, simpleCode } from "./kernel-function.ts";

/** Elements of `shape`, from strides and offset of one binding to those of another, all in elements. */
interface StridedCopy {
  readonly shape: readonly number[];
  readonly source: number;
  readonly sourceStrides: readonly number[];
  readonly sourceOffset: number;
  readonly target: number;
  readonly targetStrides: readonly number[];
  readonly targetOffset: number;
}

interface CopyAxis {
  readonly size: number;
  readonly source: number;
  readonly target: number;
}

/** Elements between neighbours along each axis of a row-major tensor. */
function stridesOf(shape: readonly number[]): number[] {
  return shape.map((_, axis) => elementCount(shape.slice(axis + 1)));
}

function mergeAxes({ shape, sourceStrides, targetStrides }: StridedCopy): CopyAxis[] {
  const merged: { size: number; source: number; target: number }[] = [];
  shape.forEach((size, axis) => {
    const [source, target] = [sourceStrides[axis]!, targetStrides[axis]!];
    const outer = merged.at(-1);
    if (size === 1) return;
    if (outer && outer.source === source * size && outer.target === target * size) {
      merged[merged.length - 1] = { size: outer.size * size, source, target };
    } else merged.push({ size, source, target });
  });
  return merged.length > 0 ? merged : [{ size: 1, source: 1, target: 1 }];
}

/** Longest run of elements that one tile copies. */
const chunk = 32768;

function tilesOf(copy: StridedCopy): number {
  if (elementCount(copy.shape) === 0) return 0;
  const inner = mergeAxes(copy).at(-1)!.size;
  const rows = elementCount(copy.shape) / inner;
  return inner > chunk ? rows * Math.ceil(inner / chunk) : Math.ceil(rows / rowsPerTile(inner));
}

/** Kernel code of copies that do not overlap. */
function copyCode(signature: Signature, copies: readonly StridedCopy[], bytes: 2 | 4): CpuKernelCode {
  const tiles = copies.map(tilesOf);
  const total = tiles.reduce((sum, count) => sum + count, 0);
  return simpleCode(signatureKey(signature), total, (module) =>
    kernelFunction(
      module,
      signature.op,
      signature.inputs.length + signature.outputs.length,
      (f, { bindings, tile }) => {
        f.block((done) => {
          copies.forEach((copy, index) => {
            if (tiles[index] === 0) return;
            f.if(i32.ltU(tile, tiles[index]!), () => {
              emitCopy(f, copy, bindings, tile, bytes);
              done();
            });
            f.increment(tile, -tiles[index]!);
          });
        });
      },
    ),
  );
}

function emitCopy(
  f: FunctionBuilder,
  copy: StridedCopy,
  bindings: readonly Local<"address">[],
  tile: Local<"i32">,
  bytes: 2 | 4,
): void {
  const axes = mergeAxes(copy);
  const inner = axes.at(-1)!;
  const rows = elementCount(copy.shape) / inner.size;
  const base = (binding: number, offset: number): Local<"address"> =>
    f.keep(address.add(bindings[binding]!, bytes * offset));
  const [from, to] = [base(copy.source, copy.sourceOffset), base(copy.target, copy.targetOffset)];
  const row = (index: Local<"i32">, start: Value<"i32">, count: Value<"i32">): void => {
    const place = rowPlace(f, axes, index);
    const source = f.keep(address.at(from, i32.add(place.source, i32.mul(start, inner.source)), bytes));
    const target = f.keep(address.at(to, i32.add(place.target, i32.mul(start, inner.target)), bytes));
    emitRun(f, source, target, count, inner, bytes);
  };
  if (inner.size > chunk) {
    const chunks = Math.ceil(inner.size / chunk);
    const start = f.keep(i32.mul(i32.remU(tile, chunks), chunk));
    row(f.keep(i32.divU(tile, chunks)), start, minimum(i32.sub(i32.constant(inner.size), start), i32.constant(chunk)));
    return;
  }
  const step = rowsPerTile(inner.size);
  const first = f.keep(i32.mul(tile, step));
  f.for(first, minimum(i32.add(first, step), i32.constant(rows)), 1, (index) =>
    row(index, i32.constant(0), i32.constant(inner.size)),
  );
}

/** Element offsets of a row on both sides. */
function rowPlace(
  f: FunctionBuilder,
  axes: readonly CopyAxis[],
  row: Local<"i32">,
): { source: Local<"i32">; target: Local<"i32"> } {
  const [source, target] = [f.keep(i32.constant(0)), f.keep(i32.constant(0))];
  const left = f.keep(row);
  for (const [depth, axis] of [...axes.slice(0, -1).entries()].reverse()) {
    const index = f.keep(depth === 0 ? left : i32.remU(left, axis.size));
    if (depth > 0) f.set(left, i32.divU(left, axis.size));
    f.increment(source, i32.mul(index, axis.source));
    f.increment(target, i32.mul(index, axis.target));
  }
  return { source, target };
}

function emitRun(
  f: FunctionBuilder,
  source: Local<"address">,
  target: Local<"address">,
  count: Value<"i32">,
  inner: CopyAxis,
  bytes: 2 | 4,
): void {
  if (inner.source === 1 && inner.target === 1) {
    f.copyBytes(target, source, address.at(address.constant(0), count, bytes));
    return;
  }
  f.repeat(count, () => {
    if (bytes === 4) f.store("i32", target, load("i32", source));
    else f.store("i32To16", target, load("i32From16U", source));
    f.increment(source, bytes * inner.source);
    f.increment(target, bytes * inner.target);
  });
}

/** Bytes of an element of a format that stores each on its own, undefined for others. */
function elementBytes(type: TensorType): 2 | 4 | undefined {
  if (type.format.blockSize !== 1 || type.format.components([2]).length !== 1) return undefined;
  const bytes = type.format.components([1024])[0]!.bytes / 1024;
  return bytes === 2 || bytes === 4 ? bytes : undefined;
}

/** A kernel that moves elements of any format which stores each on its own. */
function copyKernel(op: string, copiesOf: (signature: Signature) => readonly StridedCopy[]): KernelDef {
  return cpuKernel({
    op,
    accepts: ({ inputs }) => (inputs.every((type) => elementBytes(type) !== undefined) ? 1 : undefined),
    lower: (signature) => copyCode(signature, copiesOf(signature), elementBytes(signature.inputs[0]!)!),
  });
}

function whole({ inputs }: Signature): StridedCopy {
  const count = elementCount(inputs[0]!.shape);
  return {
    shape: [count],
    source: 0,
    sourceStrides: [1],
    sourceOffset: 0,
    target: 1,
    targetStrides: [1],
    targetOffset: 0,
  };
}

/** Ranges of input 0 along an axis, one an output. */
function ranges({ inputs, outputs }: Signature, axis: number, starts: readonly number[]): StridedCopy[] {
  const strides = stridesOf(inputs[0]!.shape);
  return outputs.map(({ shape }, index) => ({
    shape,
    source: 0,
    sourceStrides: strides,
    sourceOffset: starts[index]! * strides[axis]!,
    target: 1 + index,
    targetStrides: stridesOf(shape),
    targetOffset: 0,
  }));
}

const startsOf = (sizes: readonly number[]): number[] =>
  sizes.map((_, index) => sizes.slice(0, index).reduce((sum, size) => sum + size, 0));

const slice = copyKernel("slice", (signature) => {
  const { axis, start } = signature.attributes as { axis: number; start: number };
  return ranges(signature, axis, [start]);
});

const split = copyKernel("split", (signature) => {
  const { axis, sizes } = signature.attributes as { axis: number; sizes: readonly number[] };
  return ranges(signature, axis, startsOf(sizes));
});

const concat = copyKernel("concat", ({ inputs, outputs, attributes }) => {
  const axis = attributes["axis"] as number;
  const strides = stridesOf(outputs[0]!.shape);
  const starts = startsOf(inputs.map((type) => type.shape[axis]!));
  return inputs.map(({ shape }, index) => ({
    shape,
    source: index,
    sourceStrides: stridesOf(shape),
    sourceOffset: 0,
    target: inputs.length,
    targetStrides: strides,
    targetOffset: starts[index]! * strides[axis]!,
  }));
});

const transpose = copyKernel("transpose", ({ inputs, outputs, attributes }) => {
  const strides = stridesOf(inputs[0]!.shape);
  const permutation = attributes["permutation"] as readonly number[];
  const { shape } = outputs[0]!;
  return [
    {
      shape,
      source: 0,
      sourceStrides: permutation.map((axis) => strides[axis]!),
      sourceOffset: 0,
      target: 1,
      targetStrides: stridesOf(shape),
      targetOffset: 0,
    },
  ];
});

const broadcastTo = copyKernel("broadcastTo", ({ inputs, outputs }) => {
  const [from, to] = [inputs[0]!.shape, outputs[0]!.shape];
  const strides = stridesOf(from);
  const padding = to.length - from.length;
  const sourceStrides = to.map((_, axis) =>
    axis < padding || from[axis - padding] === 1 ? 0 : strides[axis - padding]!,
  );
  return [
    { shape: to, source: 0, sourceStrides, sourceOffset: 0, target: 1, targetStrides: stridesOf(to), targetOffset: 0 },
  ];
});

const reshape = copyKernel("reshape", (signature) => [whole(signature)]);

/** Bytes that one tile of a plain copy moves. */
const copyChunk = 1 << 17;

const copy: KernelDef = cpuKernel({
  op: "copy",
  accepts: () => 1,
  lower(signature) {
    const sizes = signature.inputs[0]!.format.components(signature.inputs[0]!.shape).map(({ bytes }) => bytes);
    const tiles = sizes.map((bytes) => Math.ceil(bytes / copyChunk));
    return simpleCode(
      signatureKey(signature),
      tiles.reduce((sum, count) => sum + count, 0),
      (module) =>
        kernelFunction(module, "copy", 2 * sizes.length, (f, { bindings, tile }) => {
          f.block((done) => {
            sizes.forEach((bytes, index) => {
              f.if(i32.ltU(tile, tiles[index]!), () => {
                const start = f.keep(i32.mul(tile, copyChunk));
                const count = minimum(i32.sub(i32.constant(bytes), start), i32.constant(copyChunk));
                const [from, to] = [bindings[index]!, bindings[sizes.length + index]!].map((base) =>
                  address.at(base, start, 1),
                );
                f.copyBytes(to!, from!, address.fromIndex(count));
                done();
              });
              f.increment(tile, -tiles[index]!);
            });
          });
        }),
    );
  },
});

const pad: KernelDef = cpuKernel({
  op: "pad",
  accepts: ({ inputs }) => (inputs.every(isPlain) ? 1 : undefined),
  lower(signature) {
    const { axis, before, after } = signature.attributes as { axis: number; before: number; after: number };
    const { shape } = signature.inputs[0]!;
    const outer = elementCount(shape.slice(0, axis));
    const inner = 4 * elementCount(shape.slice(axis + 1));
    const [left, middle, right] = [before * inner, shape[axis]! * inner, after * inner];
    const run = left + middle + right;
    const step = rowsPerTile(run / 4);
    return simpleCode(signatureKey(signature), run === 0 ? 0 : Math.ceil(outer / step), (module) =>
      kernelFunction(module, "pad", 2, (f, { bindings: [x, y], tile }) => {
        const first = f.keep(i32.mul(tile, step));
        f.for(first, minimum(i32.add(first, step), i32.constant(outer)), 1, (row) => {
          const target = f.keep(address.at(y!, row, run));
          f.fillBytes(target, 0, address.constant(left));
          f.copyBytes(address.add(target, left), address.at(x!, row, middle), address.constant(middle));
          f.fillBytes(address.add(target, left + middle), 0, address.constant(right));
        });
      }),
    );
  },
});

export const copyKernels: readonly KernelDef[] = [copy, slice, split, concat, transpose, broadcastTo, reshape, pad];
