// Kernels of attention and its backward pass.
import type { BufferTraffic, Capabilities, KernelDef, Signature, WebgpuBuffer, WebgpuStage } from "@attune/tensor-core";
import { buildShader } from "../../shader/build-shader.ts";
import { gridOf } from "../../shader/grid.ts";
import { flatStage, moving, operand, scratch, webgpuKernel } from "../define-kernel.ts";
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
  skipsBlocks,
} from "./attention-shape.ts";

/** Operands of a stage by name and number, and whether its workgroups have rows, keys, or some have these and some those. */
interface BlockStage {
  readonly over: { readonly rows: boolean; readonly keys: boolean };
  readonly reads: readonly (readonly [string, number])[];
  readonly writes: readonly (readonly [string, number])[];
  readonly others: readonly WebgpuBuffer[];
  readonly flags?: Readonly<Record<string, boolean>>;
}

/** A stage whose workgroups each have 16 rows or keys of one key head, those of a head one after the other. */
function blockStage(
  shader: string,
  shape: AttentionShape,
  { over, reads, writes, others, flags = {} }: BlockStage,
): WebgpuStage {
  const { batch, queries, keys, size, heads, keyHeads } = shape;
  const group = heads / keyHeads;
  const blocksOf = (count: number): number => Math.ceil(count / blockRows);
  const [rowBlocks, keyBlocks] = [blocksOf(group * queries), blocksOf(keys)];
  const blocks = (over.rows ? rowBlocks : 0) + (over.keys ? keyBlocks : 0);
  const { workgroups, gridWidth } = gridOf(batch * keyHeads * blocks);
  const declarations = [
    optionFunctions(shape),
    ...reads.map(([name]) => quadLoader(name, shape)),
    ...writes.map(([name]) => quadStore(name, shape)),
  ];
  // What workgroups of one head read again, all of them have in common.
  const isOfKeys = (name: string): boolean => ["k", "v", "dk", "dv"].includes(name);
  const apart = [...reads, ...writes].reduce(
    (sum, [name]) => sum + (isOfKeys(name) ? keys : group * queries) * size * 4,
    0,
  );
  const again = (name: string): BufferTraffic => ({
    passes: isOfKeys(name)
      ? (over.rows ? rowBlocks : 0) + Number(over.keys)
      : Number(over.rows) + (over.keys ? keyBlocks : 0),
    apart,
  });
  const type = rowType(shape);
  return {
    wgsl: buildShader(shader, {
      constants: {
        ...attentionConstants(shape),
        blocks_of_head: blocks,
        own_row_blocks: over.rows ? rowBlocks : 0,
        grid_width: gridWidth,
      },
      flags: { ...flags, over_keys: over.keys, skips: skipsBlocks(shape) },
      declarations,
    }),
    buffers: [
      ...reads.map(([name, index]) => moving(operand(name, index, type), again(name))),
      ...writes.map(([name, index]) => operand(name, index, type)),
      ...others,
      ...extraBuffers(shape),
    ],
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
    const stage = blockStage("attention-forward", shape, {
      over: { rows: true, keys: false },
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
    const gradients = (made: { dq?: boolean; dk?: boolean; dv?: boolean }): WebgpuStage => {
      const names = (["dq", "dk", "dv"] as const).filter((name) => made[name]);
      const [queriesGradient, keysGradient, valuesGradient] = [made.dq ?? false, made.dk ?? false, made.dv ?? false];
      return blockStage("attention-gradients", shape, {
        over: { rows: queriesGradient, keys: keysGradient || valuesGradient },
        reads,
        writes: names.map((name) => [name, output + ["dq", "dk", "dv"].indexOf(name)]),
        others: [rowValues],
        flags: {
          queries_gradient: queriesGradient,
          keys_gradient: keysGradient,
          values_gradient: valuesGradient,
        },
      });
    };
    const stages = fitsBindings(8, shape, capabilities)
      ? [gradients({ dq: true, dk: true, dv: true })]
      : fitsBindings(7, shape, capabilities)
        ? [gradients({ dq: true }), gradients({ dk: true, dv: true })]
        : [gradients({ dq: true }), gradients({ dk: true }), gradients({ dv: true })];
    return { scratch: [batch * heads * queries * 8], stages: [pairs, ...stages] };
  },
});

/** Kernels of attention. */
export const attentionKernels: readonly KernelDef[] = [attentionKernel, attentionBackwardKernel];
