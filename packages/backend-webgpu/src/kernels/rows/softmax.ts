// Kernels of softmax, log-sum-exp and the cross-entropy, which share one shader.
import { elementCount, type KernelDef, rowExtent } from "@attune/tensor-core";
import { buildShader } from "../../shader/build-shader.ts";
import { flatStage, moving, operand, webgpuKernel } from "../define-kernel.ts";
import { rowStage } from "./row-stage.ts";

const flags = { backward: false, normalise: false, labels: false };

const softmaxKernel = webgpuKernel({
  op: "softmax",
  lower({ inputs }) {
    const twice = { passes: 2, apart: 4 * elementCount(inputs[0]!.shape) };
    const buffers = [moving(operand("x", 0), twice), operand("y", 1)];
    return {
      stages: [rowStage("softmax", rowExtent(inputs[0]!.shape), buffers, { flags: { ...flags, normalise: true } })],
    };
  },
});

const softmaxBackwardKernel = webgpuKernel({
  op: "softmaxBackward",
  lower({ inputs }) {
    const twice = { passes: 2, apart: 8 * elementCount(inputs[0]!.shape) };
    const buffers = [moving(operand("y", 0), twice), moving(operand("dy", 1), twice), operand("dx", 2)];
    return {
      stages: [rowStage("softmax", rowExtent(inputs[0]!.shape), buffers, { flags: { ...flags, backward: true } })],
    };
  },
});

const logSumExpKernel = webgpuKernel({
  op: "logSumExp",
  lower({ inputs }) {
    const buffers = [operand("x", 0), operand("log_sum_exp", 1)];
    return { stages: [rowStage("softmax", rowExtent(inputs[0]!.shape), buffers, { flags })] };
  },
});

const crossEntropyKernel = webgpuKernel({
  op: "crossEntropy",
  lower({ inputs }) {
    const buffers = [
      operand("x", 0),
      operand("labels", 1, "array<i32>"),
      operand("loss", 2),
      operand("log_sum_exp", 3),
    ];
    return {
      stages: [rowStage("softmax", rowExtent(inputs[0]!.shape), buffers, { flags: { ...flags, labels: true } })],
    };
  },
});

const crossEntropyBackwardKernel = webgpuKernel({
  op: "crossEntropyBackward",
  lower({ inputs }) {
    const { columns } = rowExtent(inputs[0]!.shape);
    const build = (constants: Record<string, number>): string =>
      buildShader("cross-entropy-backward", { constants: { ...constants, columns } });
    const buffers = [
      operand("logits", 0),
      operand("labels", 1, "array<i32>"),
      operand("log_sum_exp", 2),
      operand("dloss", 3),
      operand("dlogits", 4),
    ];
    return { stages: [flatStage(elementCount(inputs[0]!.shape), build, buffers)] };
  },
});

/** Kernels of softmax and what is made of it. */
export const softmaxKernels: readonly KernelDef[] = [
  softmaxKernel,
  softmaxBackwardKernel,
  logSumExpKernel,
  crossEntropyKernel,
  crossEntropyBackwardKernel,
];
