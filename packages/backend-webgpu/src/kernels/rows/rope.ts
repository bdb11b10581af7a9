import { elementCount, type KernelDef, rowBytes } from "@attune/tensor-core";
import { buildShader } from "../../shader/build-shader.ts";
import { flatStage, moving, operand, webgpuKernel } from "../define-kernel.ts";

/** "rope". */
export const ropeKernel: KernelDef = webgpuKernel({
  op: "rope",
  lower({ inputs, attributes }) {
    const [, , heads, width] = inputs[0]!.shape as [number, number, number, number];
    const half = inputs[2]!.shape[1]!;
    const { interleaved, inverse } = attributes as unknown as { interleaved: boolean; inverse: boolean };
    const build = (constants: Record<string, number>): string =>
      buildShader("rope", { constants: { ...constants, heads, width, half }, flags: { interleaved, inverse } });
    const turned = { bytes: rowBytes(inputs[2]!, elementCount(inputs[1]!.shape)) };
    const buffers = [
      operand("x", 0),
      operand("positions", 1, "array<i32>"),
      moving(operand("cosines", 2), turned),
      moving(operand("sines", 3), turned),
      operand("y", 4),
    ];
    // A thread turns a pair; those that pass through count as pairs of their own.
    const pairs = half + (width - 2 * half);
    return { stages: [flatStage((elementCount(inputs[0]!.shape) / width) * pairs, build, buffers)] };
  },
});
