import type { GpuDescription, VariantState } from "@attune/backend-webgpu";
import { runProbe } from "@attune/run-folder";
import { formatQuantity } from "@attune/spec";
import type { MachineCheck } from "./check-machine.ts";
import type { GpuAnswer } from "./gpu-worker.ts";

/** Milliseconds that opening a GPU may take, and trying its variants: two, each in a child of its own with a limit of its own. */
const limits = { describe: 30_000, variants: 120_000 } as const;

/** Whether `--device webgpu` has something to run on; what stands in its way, a driver that crashes included, is told, not thrown. */
export async function checkGpu(worker: URL = defaultWorker()): Promise<MachineCheck[]> {
  const answer = await askChild(worker, "describe");
  if (!("found" in answer)) return [{ id: "gpu", status: "absent", value: null, detail: failureOf(answer) }];
  const tried = await askChild(worker, "variants");
  return [gpuCheck(answer.found), variantCheck("variants" in tried ? tried.variants : failureOf(tried))];
}

/** The GPU as a line of the table. */
function gpuCheck({ name, features, maxBufferBytes }: GpuDescription): MachineCheck {
  const halves = features.includes("f16") ? ", f16" : "";
  return {
    id: "gpu",
    status: "ok",
    value: { name, features: [...features], maxBufferBytes },
    detail: `${name}, buffers up to ${formatQuantity(maxBufferBytes, "bytes")}${halves}: --device webgpu`,
  };
}

/** What is faster on the GPU than the plain shaders, and why the rest is not used. */
export function variantCheck(states: readonly VariantState[] | string): MachineCheck {
  const id = "gpu shaders";
  if (typeof states === "string") return { id, status: "slow", value: null, detail: states };
  const used = states.filter(({ usable }) => usable).map(({ variant }) => variant);
  const refused = states.filter(({ usable }) => !usable).map(({ variant, reason }) => `no ${variant}: ${reason}`);
  return {
    id,
    status: refused.length > 0 ? "slow" : "ok",
    value: states.map(({ variant, usable, reason }) => ({ variant, usable, ...(usable ? {} : { reason: reason! }) })),
    detail: [used.length > 0 ? used.join(", ") : "the plain ones alone", ...refused].join("; "),
  };
}

function failureOf(answer: GpuAnswer): string {
  return "failed" in answer ? answer.failed : "The GPU's process answered something else than it was asked.";
}

function defaultWorker(): URL {
  return new URL(`./gpu-worker${import.meta.url.endsWith(".ts") ? ".ts" : ".js"}`, import.meta.url);
}

async function askChild(worker: URL, task: keyof typeof limits): Promise<GpuAnswer> {
  let answer: GpuAnswer | undefined;
  const timeout = limits[task];
  const end = await runProbe(worker, {
    arguments: [task],
    timeout,
    onLine(line) {
      answer = line as unknown as GpuAnswer;
    },
  });
  return (
    answer ?? {
      failed: `${task === "describe" ? "Opening" : "Trying"} the GPU ended its process (${end}): its driver may be broken.`,
    }
  );
}
