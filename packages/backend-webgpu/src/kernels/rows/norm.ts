// Kernels of RMS norm, layer norm and their backward passes.
import type { KernelDef, LayerNormAttributes, WebgpuBuffer, WebgpuStage } from "@attune/tensor-core";
import { operand, webgpuKernel } from "../define-kernel.ts";
import { foldStages } from "../fold.ts";
import { type RowExtent, rowExtent, rowStage } from "./row-stage.ts";

const rmsNormKernel = webgpuKernel({
  op: "rmsNorm",
  lower({ inputs, attributes }) {
    const { epsilon } = attributes as unknown as { epsilon: number };
    const buffers = [operand("x", 0), operand("weight", 1), operand("y", 2), operand("inverse", 3)];
    const parts = { constants: { epsilon: { f32: epsilon } }, flags: { centred: false, bias: false } };
    return { stages: [rowStage("norm", rowExtent(inputs[0]!.shape), buffers, parts)] };
  },
});

const layerNormKernel = webgpuKernel({
  op: "layerNorm",
  lower({ inputs, attributes }) {
    const { epsilon, bias } = attributes as unknown as LayerNormAttributes;
    const [x, ...rest] = ["x", "weight", ...(bias ? ["bias"] : []), "y", "mu", "inverse"];
    const buffers = [x!, ...rest].map((name, index) => operand(name, index));
    const parts = { constants: { epsilon: { f32: epsilon } }, flags: { centred: true, bias } };
    return { stages: [rowStage("norm", rowExtent(inputs[0]!.shape), buffers, parts)] };
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
    const backward = rowStage("norm-backward", extent, [x!, weight!, inverse!, dy!, dx!], {
      flags: { centred: false },
    });
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
    const backward: WebgpuStage = rowStage("norm-backward", extent, names, { flags: { centred: true } });
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
