// From a traced graph to a plan: passes, kernel choice, effects, schedule, memory. The only place that knows their order.
import { AttuneError } from "@attune/spec";
import type { Backend } from "../backend/backend.ts";
import type { Graph, GraphNode, Value } from "../graph/graph.ts";
import type { KernelDef } from "../kernel/kernel-def.ts";
import { eliminateCommonSubexpressions } from "../passes/common-subexpressions.ts";
import { eliminateDeadCode } from "../passes/dead-code.ts";
import { expandComposites } from "../passes/expand-composites.ts";
import { fuseLinear } from "../passes/fuse-linear.ts";
import { fusePointwise } from "../passes/fuse-pointwise.ts";
import { mergeLowRank } from "../passes/merge-low-rank.ts";
import { recomputeRegions } from "../passes/recompute.ts";
import { scheduleNodes } from "../passes/schedule.ts";
import { assignStorage } from "./assign-storage.ts";
import { type InPlacePairs, type IsView, placeEffects } from "./effects.ts";
import { placeOutputs } from "./outputs.ts";
import type { Dispatch, Plan } from "./plan.ts";
import { selectKernel, signatureOf } from "./select-kernel.ts";

/** What a plan is made for. */
export interface PlanTarget {
  readonly backend: Pick<Backend, "id" | "capabilities" | "interprets">;
  readonly kernels: readonly KernelDef[];
  /** False runs every pointwise node on its own (for tests); default true. */
  readonly fuse?: boolean;
  /** False keeps program order (for tests); default true. */
  readonly reorder?: boolean;
}

/**
 * Plans a graph for a backend.
 *
 * @throws AttuneError `DEVICE_UNAVAILABLE` where an op has neither kernel nor decomposition, `MEMORY_EXCEEDED` where a buffer is
 * larger than the backend binds
 */
export function buildPlan(traced: Graph, target: PlanTarget): Plan {
  const { backend, kernels } = target;
  const kernelOf = (node: GraphNode, values: readonly Value[]): KernelDef | undefined =>
    selectKernel(kernels, signatureOf(node, values), backend.capabilities);
  const runs = (node: GraphNode, values: readonly Value[]): boolean =>
    viewOffsets(node, values, backend.capabilities.alignment) !== undefined ||
    kernelOf(node, values) !== undefined ||
    (backend.interprets && node.op.reference !== undefined && fitsBindings(node, values, target));

  const tidy = eliminateCommonSubexpressions(
    eliminateDeadCode(expandComposites(eliminateDeadCode(traced), runs, backend.id)),
  );
  const merged = target.fuse === false ? tidy : eliminateDeadCode(mergeLowRank(tidy));
  const recomputed = eliminateDeadCode(recomputeRegions(merged));
  const maxInputs = backend.capabilities.maxBindings - 1;
  const fused = target.fuse === false ? recomputed : fusePointwise(fuseLinear(recomputed, runs), maxInputs);

  const { alignment } = backend.capabilities;
  const isView: IsView = (node, values) => viewOffsets(node, values, alignment) !== undefined;
  const inPlace: InPlacePairs = (node, values) =>
    backend.capabilities.inPlace ? (kernelOf(node, values)?.inPlace ?? node.op.inPlace ?? []) : [];
  const effects = placeEffects(fused, isView, inPlace);
  const placed = placeOutputs(effects.graph, isView);
  const { values } = placed;
  const scheduled = scheduleNodes(placed, {
    isView: (node) => isView(node, values),
    placed: new Set([...placed.effects, ...placed.outputs].map(({ value }) => value)),
    order: effects.order,
    reorder: target.reorder !== false,
  });
  const plan = assignStorage(scheduled, {
    backend: backend.id,
    capabilities: backend.capabilities,
    inPlace: (node) => inPlace(node, values),
    views: (node) => viewOffsets(node, values, alignment),
    kernelOf: (node) => kernelOf(node, values),
  });
  assertLimits(plan, target);
  return plan;
}

/** Byte offsets of a view's outputs into its input, undefined for nodes that move bytes. */
function viewOffsets(node: GraphNode, values: readonly Value[], alignment: number): readonly number[] | undefined {
  const types = node.inputs.map((id) => values[id]!.type);
  const offsets = node.op.alias?.(types, node.attributes)?.map((elements) => elements * 4);
  if (offsets === undefined || types[0]!.format.id !== types[0]!.dtype) return undefined;
  return offsets.every((offset) => offset % alignment === 0) ? offsets : undefined;
}

/**
 * False for a node that has more operands than a dispatch of an interpreter may bind and that can be taken apart. Operands that may
 * share a range count once. A kernel says itself what it accepts: it may bind its operands in several stages.
 */
function fitsBindings(node: GraphNode, values: readonly Value[], { backend }: PlanTarget): boolean {
  if (!node.op.decompose) return true;
  const operands = [...new Set(node.inputs), ...node.outputs];
  const count = operands.reduce((sum, id) => {
    const { format, shape } = values[id]!.type;
    return sum + format.components(shape).length;
  }, 0);
  const shared = backend.capabilities.inPlace ? (node.op.inPlace?.length ?? 0) : 0;
  return count - shared <= backend.capabilities.maxBindings;
}

function assertLimits(plan: Plan, { backend }: PlanTarget): void {
  const { maxBindingBytes, maxBindings, splitsBindings = false } = backend.capabilities;
  for (const dispatch of plan.dispatches) {
    const stages = boundTogether(dispatch);
    const large = stages.flat().find((binding) => binding.bytes > maxBindingBytes);
    if (large && !splitsBindings) {
      throw new AttuneError(
        "MEMORY_EXCEEDED",
        `Op "${dispatch.op.id}" in "${dispatch.scope}" binds ${large.bytes} bytes; "${backend.id}" binds at most ${maxBindingBytes}.`,
        {
          hint: "Use a smaller batch or a shorter sequence, or split the tensor by rows.",
        },
      );
    }
    const most = Math.max(...stages.map((ranges) => new Set(ranges.map(({ key }) => key)).size));
    if (most > maxBindings) {
      throw new AttuneError(
        "MEMORY_EXCEEDED",
        `Op "${dispatch.op.id}" in "${dispatch.scope}" needs ${most} bindings; "${backend.id}" has ${maxBindings}.`,
        { hint: "Use a device that binds more storage buffers in one dispatch." },
      );
    }
  }
}

/** Ranges that are bound at the same time: those of the dispatch, or of each stage of a kernel that has several. */
function boundTogether({ bindings, code }: Dispatch): { readonly key: string; readonly bytes: number }[][] {
  const whole = bindings.map(({ region, offset, bytes }) => ({ key: `${region}:${offset}`, bytes }));
  if (code?.backend !== "webgpu") return [whole];
  return code.stages.map(({ buffers }) =>
    buffers.map(({ source, index, window }) => {
      if (source !== "binding") return { key: `${source} ${index}`, bytes: 0 };
      const { key, bytes } = whole[index]!;
      return window ? { key: `${key}+${window.offset}`, bytes: window.bytes } : { key, bytes };
    }),
  );
}
