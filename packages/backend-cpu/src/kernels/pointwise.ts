// Generated kernels of the op "pointwise": loads of all inputs, the fused expressions, stores of all outputs.
import {
  elementCount,
  formatType,
  isIntegerExpression,
  isPlain,
  type KernelDef,
  type LoopAxis,
  mergeAxes,
  type PointwiseAttributes,
  type Signature,
  type TensorType,
} from "@attune/tensor-core";
import {
  address,
  type FunctionBuilder,
  f32x4,
  i32,
  i32x4,
  type Local,
  load,
  type Value,
} from "@attune/tensor-core/wasm";
import { createEvaluator } from "./expression.ts";
import { forVectors } from "./for-vectors.ts";
import { kernelFunction, minimum, rowsPerTile, simpleCode } from "./kernel-function.ts";

type Vector = Value<"v128">;

/** Longest stretch of the innermost axis that one tile works on, in elements. */
const chunkElements = 16384;

export const pointwiseKernel: KernelDef = {
  kind: "kernel",
  specificationVersion: 1,
  id: "cpu.pointwise",
  op: "pointwise",
  backend: "cpu",
  accepts: ({ inputs }) => (inputs.every(isPlain) ? 1 : undefined),
  lower(signature) {
    const { inputs, outputs } = signature;
    const { expressions } = signature.attributes as unknown as PointwiseAttributes;
    const key = `pointwise|${[...inputs, ...outputs].map(formatType).join("|")}|${JSON.stringify(expressions)}`;
    const shape = outputs[0]!.shape;
    const axes = mergeAxes(
      shape,
      inputs.map((type) => type.shape),
    );
    const { tiles } = cut(axes, shape);
    return simpleCode(key, elementCount(shape) === 0 ? 0 : tiles, (module) =>
      kernelFunction(module, "pointwise", inputs.length + outputs.length, (f, { bindings, tile }) => {
        emitLoops(f, axes, shape, tile, (row) => emitRow(f, signature, axes.at(-1)!, bindings, row));
      }),
    );
  },
};

interface Cut {
  readonly rows: number;
  readonly chunks: number;
  readonly tiles: number;
}

/** Tiles: pieces of a long innermost axis, or groups of rows of short ones. */
function cut(axes: readonly LoopAxis[], shape: readonly number[]): Cut {
  const columns = axes.at(-1)!.size;
  const rows = elementCount(shape) / Math.max(1, columns);
  const chunks = Math.ceil(columns / chunkElements);
  return { rows, chunks, tiles: chunks > 1 ? rows * chunks : Math.ceil(rows / rowsPerTile(columns)) };
}

/** Neighbours along the innermost axis. */
interface PointwiseRow {
  /** Number of the first element in each input. */
  readonly starts: readonly Value<"i32">[];
  /** Number of the first element in the outputs. */
  readonly element: Value<"i32">;
  readonly count: number;
}

/** Runs the body for each row of the tile, or for its part of a long one. */
function emitLoops(
  f: FunctionBuilder,
  axes: readonly LoopAxis[],
  shape: readonly number[],
  tile: Local<"i32">,
  body: (row: PointwiseRow) => void,
): void {
  const { rows, chunks } = cut(axes, shape);
  const { size: columns, strides } = axes.at(-1)!;
  if (chunks === 1) {
    const step = rowsPerTile(columns);
    const first = f.keep(i32.mul(tile, step));
    f.for(first, minimum(i32.add(first, step), i32.constant(rows)), 1, (row) => {
      body({ starts: rowStarts(f, axes, row), element: f.keep(i32.mul(row, columns)), count: columns });
    });
    return;
  }
  const row = f.keep(i32.divU(tile, chunks));
  const chunk = f.keep(i32.remU(tile, chunks));
  const start = f.keep(i32.mul(chunk, chunkElements));
  const starts = rowStarts(f, axes, row).map((offset, input) =>
    f.keep(i32.add(offset, i32.mul(start, strides[input]!))),
  );
  const element = f.keep(i32.add(i32.mul(row, columns), start));
  const last = columns - (chunks - 1) * chunkElements;
  f.if(
    i32.ltS(chunk, chunks - 1),
    () => body({ starts, element, count: chunkElements }),
    () => body({ starts, element, count: last }),
  );
}

/** Element offset of a row in each input. */
function rowStarts(f: FunctionBuilder, axes: readonly LoopAxis[], row: Local<"i32">): Local<"i32">[] {
  const outer = axes.slice(0, -1);
  const inputs = axes[0]!.strides.length;
  const starts = Array.from({ length: inputs }, () => f.keep(i32.constant(0)));
  const left = f.keep(row);
  for (const [depth, { size, strides }] of [...outer.entries()].reverse()) {
    const index = f.keep(depth === 0 ? left : i32.remU(left, size));
    if (depth > 0) f.set(left, i32.divU(left, size));
    starts.forEach((start, input) => {
      if (strides[input] !== 0) f.increment(start, i32.mul(index, strides[input]!));
    });
  }
  return starts;
}

/** One row: four elements of every input, every expression, four elements of every output. */
function emitRow(
  f: FunctionBuilder,
  { inputs, outputs, attributes }: Signature,
  inner: LoopAxis,
  bindings: readonly Local<"address">[],
  { starts, element, count }: PointwiseRow,
): void {
  const { expressions, dtypes } = attributes as unknown as PointwiseAttributes;
  const integer =
    inputs.every((type) => type.dtype === "i32") &&
    dtypes.every((dtype) => dtype === "i32") &&
    expressions.every(isIntegerExpression);
  const converted = (type: TensorType, vector: Vector): Vector => {
    if (integer || type.dtype === "f32") return vector;
    return type.dtype === "i32" ? f32x4.convertS(vector) : f32x4.convertU(vector);
  };
  const bases = inputs.map((_, input) => f.keep(address.at(bindings[input]!, starts[input]!, 4)));
  const repeated = inputs.map((type, input) =>
    inner.strides[input] === 0 ? f.keep(converted(type, load("splat32", bases[input]!))) : undefined,
  );
  const targets = outputs.map((_, output) => f.keep(address.at(bindings[inputs.length + output]!, element, 4)));
  forVectors(f, count, (at) => {
    const evaluate = createEvaluator(
      f,
      integer,
      (input) => repeated[input] ?? converted(inputs[input]!, at.load(bases[input]!)),
    );
    const values = expressions.map(evaluate);
    for (const [output, value] of values.entries())
      at.store(targets[output]!, integer ? value : stored(dtypes[output]!, value));
  });
}

function stored(dtype: string, value: Vector): Vector {
  if (dtype === "f32") return value;
  return dtype === "i32" ? i32x4.truncateS(value) : i32x4.truncateU(value);
}
