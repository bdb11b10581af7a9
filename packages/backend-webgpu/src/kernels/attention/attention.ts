// Kernels of attention and its backward pass.
import type { Capabilities, KernelDef, Signature, WebgpuBuffer, WebgpuStage } from "@attune/tensor-core";
import { buildShader } from "../../shader/build-shader.ts";
import { gridOf } from "../../shader/grid.ts";
import { flatStage, operand, scratch, webgpuKernel } from "../define-kernel.ts";
import {
  type AttentionShape,
  attentionConstants,
  attentionShape,
  blockRows,
  extraBuffers,
  optionFunctions,
  quadLoader,
  quadStore,
  rowType,
} from "./attention-shape.ts";

/** A stage whose workgroups each have 16 rows or keys of one key head. */
function blockStage(
  shader: string,
  shape: AttentionShape,
  over: "rows" | "keys",
  {
    reads,
    writes,
    others,
    flags = {},
  }: {
    readonly reads: readonly (readonly [string, number])[];
    readonly writes: readonly (readonly [string, number])[];
    readonly others: readonly WebgpuBuffer[];
    readonly flags?: Readonly<Record<string, boolean>>;
  },
): WebgpuStage {
  const { batch, queries, keys, heads, keyHeads } = shape;
  const size = over === "rows" ? (heads / keyHeads) * queries : keys;
  const { workgroups, gridWidth } = gridOf(batch * keyHeads * Math.ceil(size / blockRows));
  const declarations = [
    optionFunctions(shape),
    ...reads.map(([name]) => quadLoader(name, shape)),
    ...writes.map(([name]) => quadStore(name, shape)),
  ];
  const rows = [...reads, ...writes].map(([name, index]) => operand(name, index, rowType(shape)));
  return {
    wgsl: buildShader(shader, {
      constants: { ...attentionConstants(shape), grid_width: gridWidth },
      flags,
      declarations,
    }),
    buffers: [...rows, ...others, ...extraBuffers(shape)],
    workgroups,
  };
}

/** Whether the buffers of the largest stage fit beside the optional operands. */
function fitsBindings(buffers: number, { extras }: AttentionShape, { maxBindings }: Capabilities): boolean {
  return buffers + Object.keys(extras).length <= maxBindings;
}

function acceptsWithin(required: number, buffers: number) {
  return (signature: Signature, capabilities: Capabilities): number | undefined => {
    const shape = attentionShape(signature, required, capabilities);
    return shape && fitsBindings(buffers, shape, capabilities) ? 1 : undefined;
  };
}

const attentionKernel = webgpuKernel({
  op: "attention",
  accepts: acceptsWithin(3, 5),
  lower(signature, capabilities) {
    const shape = attentionShape(signature, 3, capabilities)!;
    const output = signature.inputs.length;
    const stage = blockStage("attention-forward", shape, "rows", {
      reads: [
        ["q", 0],
        ["k", 1],
        ["v", 2],
      ],
      writes: [["o", output]],
      others: [operand("log_sum_exp", output + 1)],
    });
    return { stages: [stage] };
  },
});

const attentionBackwardKernel = webgpuKernel({
  op: "attentionBackward",
  accepts: acceptsWithin(6, 6),
  lower(signature, capabilities) {
    const shape = attentionShape(signature, 6, capabilities)!;
    const { batch, heads, queries } = shape;
    const output = signature.inputs.length;
    const rowValues = scratch("row_values", 0, "array<vec2f>");
    const pairs = flatStage(
      batch * heads * queries,
      (constants) =>
        buildShader("attention-rows", {
          constants: { ...attentionConstants(shape), ...constants },
          declarations: [quadLoader("o", shape), quadLoader("dout", shape)],
        }),
      [operand("o", 3, rowType(shape)), operand("dout", 5, rowType(shape)), operand("log_sum_exp", 4), rowValues],
    );
    const reads = [
      ["q", 0],
      ["k", 1],
      ["v", 2],
      ["dout", 5],
    ] as const;
    const queryGradient = blockStage("attention-query-gradient", shape, "rows", {
      reads,
      writes: [["dq", output]],
      others: [rowValues],
    });
    const keysAlone = { keys_gradient: true, values_gradient: false };
    const keyGradient = (flags: Record<string, boolean>, writes: readonly (readonly [string, number])[]): WebgpuStage =>
      blockStage("attention-key-gradient", shape, "keys", { reads, writes, others: [rowValues], flags });
    const [dk, dv] = [["dk", output + 1] as const, ["dv", output + 2] as const];
    const keyGradients = fitsBindings(7, shape, capabilities)
      ? [keyGradient({ keys_gradient: true, values_gradient: true }, [dk, dv])]
      : [keyGradient(keysAlone, [dk]), keyGradient({ keys_gradient: false, values_gradient: true }, [dv])];
    return { scratch: [batch * heads * queries * 8], stages: [pairs, queryGradient, ...keyGradients] };
  },
});

/** Kernels of attention. */
export const attentionKernels: readonly KernelDef[] = [attentionKernel, attentionBackwardKernel];
