import {
  type DropoutAttributes,
  dropoutThreshold,
  elementCount,
  hashStream,
  type KernelDef,
} from "@attune/tensor-core";
import { buildShader } from "../shader/build-shader.ts";
import { flatStage, operand, webgpuKernel } from "./define-kernel.ts";

/** "dropout": a thread makes the four words of a counter, for four elements. */
export const dropoutKernel: KernelDef = webgpuKernel({
  op: "dropout",
  lower({ inputs, attributes }) {
    const { rate, stream } = attributes as unknown as DropoutAttributes;
    const count = elementCount(inputs[0]!.shape);
    const build = (constants: Record<string, number>): string =>
      buildShader("dropout", {
        constants: {
          ...constants,
          count,
          threshold: dropoutThreshold(rate),
          stream: hashStream(stream),
          kept: { f32: 1 - rate },
        },
      });
    const buffers = [operand("x", 0), operand("random", 1, "array<u32>"), operand("y", 2)];
    return { stages: [flatStage(Math.ceil(count / 4), build, buffers)] };
  },
});
