// Kernels of RMS norm, layer norm and their backward passes.
import {
  type KernelDef,
  type LayerNormAttributes,
  type RowExtent,
  rowExtent,
  type Signature,
  type WebgpuBuffer,
  type WebgpuStage,
} from "@attune/tensor-core";
import { moving, operand, webgpuKernel } from "../define-kernel.ts";
import { foldStages } from "../fold.ts";
import { keepRows } from "./kept-rows.ts";
import { rowStage } from "./row-stage.ts";

/** The forward stage; the names are those of all bindings in their order. */
function normStage(
  [x]: Signature["inputs"],
  names: readonly string[],
  epsilon: number,
  flags: { readonly centred: boolean; readonly bias: boolean },
): WebgpuStage {
  const extent = rowExtent(x!.shape);
  const { constants, declarations, traffic } = keepRows(["x"], extent, flags.centred ? 3 : 2);
  const buffers = names.map((name, index) =>
    name === "x" ? moving(operand(name, index), traffic) : operand(name, index),
  );
  return rowStage("norm", extent, buffers, {
    constants: { ...constants, epsilon: { f32: epsilon } },
    flags,
    declarations: [declarations],
  });
}

/** The gradient of x. */
function normBackwardStage(extent: RowExtent, buffers: readonly WebgpuBuffer[], centred: boolean): WebgpuStage {
  const { constants, declarations, traffic } = keepRows(["x", "dy"], extent, 2);
  const moved = buffers.map((buffer) => (["x", "dy"].includes(buffer.name) ? moving(buffer, traffic) : buffer));
  return rowStage("norm-backward", extent, moved, { constants, flags: { centred }, declarations: [declarations] });
}

const rmsNormKernel = webgpuKernel({
  op: "rmsNorm",
  lower({ inputs, attributes }) {
    const { epsilon } = attributes as unknown as { epsilon: number };
    const names = ["x", "weight", "y", "inverse"];
    return { stages: [normStage(inputs, names, epsilon, { centred: false, bias: false })] };
  },
});

const layerNormKernel = webgpuKernel({
  op: "layerNorm",
  lower({ inputs, attributes }) {
    const { epsilon, bias } = attributes as unknown as LayerNormAttributes;
    const names = ["x", "weight", ...(bias ? ["bias"] : []), "y", "mu", "inverse"];
    return { stages: [normStage(inputs, names, epsilon, { centred: true, bias })] };
  },
});

/** Sums over the rows, for the gradients of weight and bias; they come first, since dx may be written over dy. */
function sumOfRows(
  extent: RowExtent,
  value: string,
  buffers: readonly WebgpuBuffer[],
  output: number,
  scratch: number,
): ReturnType<typeof foldStages> {
  const { rows, columns } = extent;
  return foldStages({
    outputs: columns,
    count: rows,
    element: `fn element(output: u32, place: u32) -> f32 {\n  let index = place * ${columns}u + output;\n  return ${value};\n}\n`,
    outputsAreNeighbours: true,
    buffers,
    result: operand("gradient", output),
    scratch,
  });
}

const rmsNormBackwardKernel = webgpuKernel({
  op: "rmsNormBackward",
  lower({ inputs, attributes }) {
    const { needWeight } = attributes as unknown as { needWeight: boolean };
    const extent = rowExtent(inputs[0]!.shape);
    const [x, weight, inverse, dy, dx] = ["x", "weight", "inverse", "dy", "dx"].map((name, index) =>
      operand(name, index),
    );
    const dweight = sumOfRows(extent, "dy[index] * x[index] * inverse[place]", [x!, inverse!, dy!], 5, 0);
    const backward = normBackwardStage(extent, [x!, weight!, inverse!, dy!, dx!], false);
    return needWeight ? { stages: [...dweight.stages, backward], scratch: dweight.scratch } : { stages: [backward] };
  },
});

const layerNormBackwardKernel = webgpuKernel({
  op: "layerNormBackward",
  lower({ inputs, attributes }) {
    const { needWeight } = attributes as unknown as { needWeight: boolean };
    const extent = rowExtent(inputs[0]!.shape);
    const names = ["x", "weight", "mu", "inverse", "dy", "dx"].map((name, index) => operand(name, index));
    const [x, , mu, inverse, dy] = names;
    const normal = "dy[index] * ((x[index] - mu[place]) * inverse[place])";
    const dweight = sumOfRows(extent, normal, [x!, mu!, inverse!, dy!], 6, 0);
    const dbias = sumOfRows(extent, "dy[index]", [dy!], 7, 0);
    const backward = normBackwardStage(extent, names, true);
    return needWeight
      ? { stages: [...dweight.stages, ...dbias.stages, backward], scratch: dweight.scratch }
      : { stages: [backward] };
  },
});

/** Kernels of norms and their gradients. */
export const normKernels: readonly KernelDef[] = [
  rmsNormKernel,
  layerNormKernel,
  rmsNormBackwardKernel,
  layerNormBackwardKernel,
];
