// Kernels of sums and maxima over axes, of the norm of all gradients and of the test whether they are finite.
import { elementCount, type KernelDef, mergeStrided, type ReduceAttributes, type Signature } from "@attune/tensor-core";
import { operand, webgpuKernel } from "./define-kernel.ts";
import { foldStages } from "./fold.ts";

/** Text that adds the place of number `index` along axes of these sizes and strides to `at`. */
function walk(index: string, sizes: readonly number[], strides: readonly number[]): string {
  const axes = mergeStrided(sizes, [strides]);
  const lines = [`  var rest_${index} = ${index};\n`];
  axes.toReversed().forEach(({ size, strides: [stride] }, depth) => {
    const last = depth === axes.length - 1;
    lines.push(`  at += rest_${index}${last ? "" : ` % ${size}u`} * ${stride}u;\n`);
    if (!last) lines.push(`  rest_${index} = rest_${index} / ${size}u;\n`);
  });
  return lines.join("");
}

function lowerReduce(
  { inputs, outputs, attributes }: Signature,
  join: string,
  start: string,
): ReturnType<typeof foldStages> {
  const { shape, dtype } = inputs[0]!;
  const { axes } = attributes as unknown as ReduceAttributes;
  const strides = shape.map((_, axis) => elementCount(shape.slice(axis + 1)));
  const kept = shape.map((_, axis) => axis).filter((axis) => !axes.includes(axis));
  const pick = (chosen: readonly number[], of: readonly number[]): number[] => chosen.map((axis) => of[axis]!);
  const element = `fn element(output: u32, place: u32) -> ${dtype} {
  var at = 0u;
${walk("output", pick(kept, shape), pick(kept, strides))}${walk("place", pick(axes, shape), pick(axes, strides))}  return x[at];
}
`;
  return foldStages({
    outputs: elementCount(outputs[0]!.shape),
    count: elementCount(pick(axes, shape)),
    element,
    type: dtype,
    join,
    start,
    outputsAreNeighbours: !axes.includes(shape.length - 1),
    buffers: [operand("x", 0, `array<${dtype}>`)],
    result: operand("y", 1, `array<${dtype}>`),
  });
}

const smallest = { f32: "-infinity()", i32: "i32(-2147483648)", u32: "0u" } as const;

const sumKernel = webgpuKernel({
  op: "sum",
  lower: (signature) => lowerReduce(signature, "a + b", `${signature.inputs[0]!.dtype}(0)`),
});

const maxKernel = webgpuKernel({
  op: "max",
  lower(signature) {
    const { dtype } = signature.inputs[0]!;
    return lowerReduce(signature, dtype === "f32" ? "larger(a, b)" : "max(a, b)", smallest[dtype]);
  },
});

function wholeTensor(op: string, value: string, join: string, start: string): KernelDef {
  return webgpuKernel({
    op,
    lower: ({ inputs }) =>
      foldStages({
        outputs: 1,
        count: elementCount(inputs[0]!.shape),
        element: `fn element(output: u32, place: u32) -> f32 {\n  let value = x[place];\n  return ${value};\n}\n`,
        join,
        start,
        outputsAreNeighbours: false,
        buffers: [operand("x", 0)],
        result: operand("y", 1),
      }),
  });
}

/** Kernels that fold elements. */
export const reduceKernels: readonly KernelDef[] = [
  sumKernel,
  maxKernel,
  wholeTensor("sumOfSquares", "value * value", "a + b", "0f"),
  wholeTensor("allFinite", "select(0f, 1f, is_finite(value))", "min(a, b)", "1f"),
];
