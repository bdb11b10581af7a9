// Products of few rows, as decoding has them: the weight is read once, each of its rows by threads along k.
import type { KernelDef, LinearAttributes, WebgpuStage } from "@attune/tensor-core";
import { subgroupSize } from "../../device/capabilities.ts";
import { buildShader } from "../../shader/build-shader.ts";
import { gridOf } from "../../shader/grid.ts";
import { webgpuKernel } from "../define-kernel.ts";
import { epilogueBuffers, epilogueFunctions, storeOneFunction } from "./epilogue.ts";
import { loaderBuffers, loaderFunctions } from "./operand-loader.ts";
import { acceptsFormats, linearProduct, type Product, productWindows, residualInPlace } from "./product.ts";

/** Rows up to which the kernel is the better one. */
const fewRows = 4;

/** Threads of a subgroup that are enough to share a row: with fewer, workgroup memory lets more of them do so. */
export const enoughLanes = 4;

/** "linear" with few rows. */
export const fewRowsKernel: KernelDef = webgpuKernel({
  op: "linear",
  variant: "few-rows",
  inPlace: residualInPlace,
  accepts(signature, capabilities) {
    const { transposeA, transposeB } = signature.attributes as unknown as LinearAttributes;
    if (!acceptsFormats(signature, capabilities) || transposeA || !transposeB) return undefined;
    const { m, k } = linearProduct(signature);
    return m <= fewRows && k > 0 ? 1 : undefined;
  },
  lower(signature, capabilities) {
    const parts = productWindows(linearProduct(signature), signature.inputs[1]!, capabilities);
    return { stages: parts.map((part) => fewRowsStage(part, subgroupSize(capabilities))) };
  },
});

function fewRowsStage({ m, n, k, a, b, epilogue: given }: Product, subgroup: number): WebgpuStage {
  const epilogue = { ...given, wide: false };
  const subgroups = subgroup >= enoughLanes;
  const lanes = Math.min(subgroups ? subgroup : 64, 2 ** Math.ceil(Math.log2(Math.max(1, k / 16))));
  const { workgroups, gridWidth } = gridOf(Math.ceil(n / (64 / lanes)));
  const wgsl = buildShader("few-rows", {
    constants: { m, n, k, lanes, grid_width: gridWidth },
    flags: { subgroups },
    declarations: [loaderFunctions(a), loaderFunctions(b), epilogueFunctions(epilogue), storeOneFunction(epilogue)],
  });
  const again = { passes: workgroups[0] * workgroups[1], apart: m * k * 4 + (64 / lanes) * k * 4 };
  const buffers = [...loaderBuffers(a, again), ...loaderBuffers(b, {}), ...epilogueBuffers(epilogue)];
  return { wgsl, buffers, workgroups, ...(subgroups ? { features: ["subgroups"] as const } : {}) };
}
