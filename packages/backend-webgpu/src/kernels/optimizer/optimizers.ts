// Optimizer steps over flat buffers. New values are written over copies of the old ones, which fall away where the plan updates
// State in place; a binary search over constants tells which row of hyper-parameters an element has.
import { elementCount, type KernelDef, type Segment } from "@attune/tensor-core";
import { buildShader } from "../../shader/build-shader.ts";
import { flatStage, moving, operand, webgpuKernel } from "../define-kernel.ts";
import { elementsOf, elementWindows } from "../element-windows.ts";
import { copyStage } from "../strided-copy.ts";

/** Ascending segments as (start, end, group), neighbours of one group joined. */
function segmentWords(segments: readonly Segment[]): Uint32Array {
  const joined: [number, number, number][] = [];
  for (const [start, length, group] of segments.toSorted((left, right) => left[0] - right[0])) {
    const last = joined.at(-1);
    if (last?.[1] === start && last[2] === group) last[1] += length;
    else if (length > 0) joined.push([start, start + length, group]);
  }
  return Uint32Array.from(joined.flat());
}

interface Rule {
  readonly op: string;
  readonly flags: (attributes: { readonly nesterov?: boolean }) => Record<string, boolean>;
  /** Inputs in order; those that are written anew are `replaced`. */
  readonly inputs: readonly string[];
  readonly replaced: readonly string[];
}

/** Operands that have no element of each parameter. */
const tables = ["hyper", "applied"];

function optimizerKernel({ op, flags, inputs: names, replaced }: Rule): KernelDef {
  return webgpuKernel({
    op,
    lower({ inputs, attributes }, capabilities) {
      const { segments, nesterov } = attributes as unknown as { segments: readonly Segment[]; nesterov?: boolean };
      const count = elementCount(inputs[0]!.shape);
      const words = segmentWords(segments);
      const outputOf = (name: string): number => names.length + replaced.indexOf(name);
      const copies = replaced.map((name) => copyStage(count, names.indexOf(name), outputOf(name)));
      if (words.length === 0) return { stages: copies };
      const buffers = names.map((name, index) =>
        replaced.includes(name) ? moving(operand(name, outputOf(name)), { rewritten: true }) : operand(name, index),
      );
      const segmentBuffer = { name: "segments", type: "array<u32>", source: "constants", index: 0 } as const;
      const stages = elementWindows(count, capabilities).map((window) => {
        const build = (constants: Record<string, number>): string =>
          buildShader(op, {
            constants: { ...constants, first: window.first, segment_count: words.length / 3 },
            flags: flags(nesterov === undefined ? {} : { nesterov }),
          });
        const parts = buffers.map((buffer) =>
          tables.includes(buffer.name) ? buffer : elementsOf(buffer, window, count),
        );
        return flatStage(window.count, build, [...parts, segmentBuffer]);
      });
      return { constants: [words], stages: [...copies, ...stages] };
    },
  });
}

/** Kernels of optimizers. */
export const optimizerKernels: readonly KernelDef[] = [
  optimizerKernel({
    op: "adamw",
    flags: () => ({}),
    inputs: ["parameters", "gradient", "first_moment", "second_moment", "hyper", "applied"],
    replaced: ["parameters", "first_moment", "second_moment"],
  }),
  optimizerKernel({
    op: "sgd",
    flags: ({ nesterov = false }) => ({ nesterov }),
    inputs: ["parameters", "gradient", "momentum", "hyper", "applied"],
    replaced: ["parameters", "momentum"],
  }),
];
