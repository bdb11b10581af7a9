import { type KernelDef, rowExtent } from "@attune/tensor-core";
import { operand, webgpuKernel } from "../define-kernel.ts";
import { rowStage } from "./row-stage.ts";

/** The place of the largest value of each row. */
export const argMaxKernel: KernelDef = webgpuKernel({
  op: "argMax",
  lower({ inputs }) {
    const buffers = [operand("x", 0), operand("y", 1, "array<i32>")];
    return { stages: [rowStage("arg-max", rowExtent(inputs[0]!.shape), buffers)] };
  },
});
