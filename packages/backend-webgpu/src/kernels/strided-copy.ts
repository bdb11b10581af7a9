// Ops that move elements: one stage walks the merged axes of a source and a target, word by word, so that values stay bits.
import {
  type ConcatAttributes,
  elementCount,
  type KernelDef,
  mergeStrided,
  type PadAttributes,
  type SliceAttributes,
  type SplitAttributes,
  type TransposeAttributes,
  type WebgpuBuffer,
  type WebgpuStage,
} from "@attune/tensor-core";
import { expandShader } from "../shader/build-shader.ts";
import { flatStage, moving, operand, webgpuKernel } from "./define-kernel.ts";

/** Elements of a tensor that a move reads or writes: strides along the axes of the moved shape, and the first element. */
interface Walk {
  readonly binding: number;
  readonly strides: readonly number[];
  readonly start: number;
}

/** Elements between neighbours along each axis of a row-major tensor. */
function rowMajor(shape: readonly number[]): number[] {
  return shape.map((_, axis) => elementCount(shape.slice(axis + 1)));
}

/** Copies `shape` elements from one walk to another. */
function moveStage(shape: readonly number[], from: Walk, to: Walk): WebgpuStage {
  const axes = mergeStrided(shape, [from.strides, to.strides]);
  const inner = axes.at(-1)!;
  const wide =
    inner.size % 4 === 0 &&
    inner.strides.every((stride) => stride === 1) &&
    [from.start, to.start, ...axes.slice(0, -1).flatMap(({ strides }) => strides)].every((step) => step % 4 === 0);
  const width = wide ? 4 : 1;
  const lines = [
    `  var source = ${from.start / width}u;\n  var target_index = ${to.start / width}u;\n  var rest = index;\n`,
  ];
  axes.toReversed().forEach(({ size, strides }, depth) => {
    const steps = depth === 0 && wide ? [1, 1] : strides.map((stride) => stride / width);
    const count = depth === 0 ? size / width : size;
    const last = depth === axes.length - 1;
    lines.push(`  let c${depth} = rest${last ? "" : ` % ${count}u`};\n`);
    if (!last) lines.push(`  rest = rest / ${count}u;\n`);
    if (steps[0]! > 0) lines.push(`  source += c${depth} * ${steps[0]}u;\n`);
    if (steps[1]! > 0) lines.push(`  target_index += c${depth} * ${steps[1]}u;\n`);
  });
  const body = `fn run(index: u32) {\n${lines.join("")}  y[target_index] = x[source];\n}\n`;
  const type = wide ? "array<vec4u>" : "array<u32>";
  const bytes = 4 * elementCount(shape);
  const buffers: WebgpuBuffer[] = [
    moving(operand("x", from.binding, type), {
      bytes: 4 * elementCount(shape.filter((_, axis) => from.strides[axis]! > 0)),
    }),
    moving(operand("y", to.binding, type), { bytes }),
  ];
  const threads = elementCount(shape) / width;
  return flatStage(
    threads,
    (constants) => expandShader("#import flat\n", { constants, declarations: [body] }),
    buffers,
  );
}

/** Copies a whole tensor; nothing where both are the same range. */
export function copyStage(count: number, from: number, to: number): WebgpuStage {
  return {
    ...moveStage([count], { binding: from, strides: [1], start: 0 }, { binding: to, strides: [1], start: 0 }),
    copies: ["x", "y"],
  };
}

/** Ops that keep elements as they are; the last three run where the planner makes no view of them. */
const plainCopies = ["copy", "reshape", "debug", "stopGradient"].map((op) =>
  webgpuKernel({ op, lower: ({ inputs }) => ({ stages: [copyStage(elementCount(inputs[0]!.shape), 0, 1)] }) }),
);

const broadcastKernel = webgpuKernel({
  op: "broadcastTo",
  lower({ inputs, outputs }) {
    const [from, to] = [inputs[0]!.shape, outputs[0]!.shape];
    const padding = to.length - from.length;
    const own = rowMajor(from);
    const strides = to.map((_, axis) => (axis < padding || from[axis - padding] === 1 ? 0 : own[axis - padding]!));
    return {
      stages: [moveStage(to, { binding: 0, strides, start: 0 }, { binding: 1, strides: rowMajor(to), start: 0 })],
    };
  },
});

const transposeKernel = webgpuKernel({
  op: "transpose",
  lower({ inputs, outputs, attributes }) {
    const { permutation } = attributes as unknown as TransposeAttributes;
    const own = rowMajor(inputs[0]!.shape);
    const to = outputs[0]!.shape;
    const strides = permutation.map((axis) => own[axis]!);
    return {
      stages: [moveStage(to, { binding: 0, strides, start: 0 }, { binding: 1, strides: rowMajor(to), start: 0 })],
    };
  },
});

const sliceKernel = webgpuKernel({
  op: "slice",
  lower({ inputs, outputs, attributes }) {
    const { axis, start } = attributes as unknown as SliceAttributes;
    const strides = rowMajor(inputs[0]!.shape);
    const to = outputs[0]!.shape;
    return {
      stages: [
        moveStage(
          to,
          { binding: 0, strides, start: start * strides[axis]! },
          { binding: 1, strides: rowMajor(to), start: 0 },
        ),
      ],
    };
  },
});

const splitKernel = webgpuKernel({
  op: "split",
  lower({ inputs, outputs, attributes }) {
    const { axis } = attributes as unknown as SplitAttributes;
    const strides = rowMajor(inputs[0]!.shape);
    let start = 0;
    const stages = outputs.flatMap(({ shape }, output) => {
      const from = { binding: 0, strides, start: start * strides[axis]! };
      start += shape[axis]!;
      if (elementCount(shape) === 0) return [];
      return [moveStage(shape, from, { binding: 1 + output, strides: rowMajor(shape), start: 0 })];
    });
    return { stages };
  },
});

const concatKernel = webgpuKernel({
  op: "concat",
  lower({ inputs, outputs, attributes }) {
    const { axis } = attributes as unknown as ConcatAttributes;
    const strides = rowMajor(outputs[0]!.shape);
    let start = 0;
    const stages = inputs.flatMap(({ shape }, input) => {
      const to = { binding: inputs.length, strides, start: start * strides[axis]! };
      start += shape[axis]!;
      if (elementCount(shape) === 0) return [];
      return [moveStage(shape, { binding: input, strides: rowMajor(shape), start: 0 }, to)];
    });
    return { stages };
  },
});

const padKernel = webgpuKernel({
  op: "pad",
  lower({ inputs, outputs, attributes }) {
    const { axis, before } = attributes as unknown as PadAttributes;
    const inner = elementCount(outputs[0]!.shape.slice(axis + 1));
    const [from, to] = [inputs[0]!.shape[axis]!, outputs[0]!.shape[axis]!];
    const body = `fn run(index: u32) {
  let inner = index % ${inner}u;
  let place = index / ${inner}u % ${to}u;
  let outer = index / ${inner * to}u;
  var value = 0u;
  if (place >= ${before}u && place < ${before + from}u) {
    value = x[(outer * ${from}u + place - ${before}u) * ${inner}u + inner];
  }
  y[index] = value;
}
`;
    const buffers = [operand("x", 0, "array<u32>"), operand("y", 1, "array<u32>")];
    const build = (constants: Record<string, number>): string =>
      expandShader("#import flat\n", { constants, declarations: [body] });
    return { stages: [flatStage(elementCount(outputs[0]!.shape), build, buffers)] };
  },
});

/** Kernels of ops that move elements. */
export const copyKernels: readonly KernelDef[] = [
  ...plainCopies,
  broadcastKernel,
  transposeKernel,
  sliceKernel,
  splitKernel,
  concatKernel,
  padKernel,
];
