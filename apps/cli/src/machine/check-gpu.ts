import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { formatBytes } from "../terminal/format-number.ts";
import type { MachineCheck } from "./check-machine.ts";
import type { GpuAnswer } from "./gpu-worker.ts";

/** Milliseconds that opening a GPU may take. */
const timeout = 30_000;

/** Whether `--device webgpu` has something to run on; what stands in its way, a driver that crashes included, is told, not thrown. */
export async function checkGpu(): Promise<MachineCheck> {
  const answer = await askChild();
  if ("failed" in answer) return { id: "gpu", status: "absent", value: null, detail: answer.failed };
  const { name, features, maxBufferBytes } = answer.found;
  const halves = features.includes("f16") ? ", f16" : "";
  return {
    id: "gpu",
    status: "ok",
    value: { name, features: [...features], maxBufferBytes },
    detail: `${name}, buffers up to ${formatBytes(maxBufferBytes)}${halves}: --device webgpu`,
  };
}

async function askChild(): Promise<GpuAnswer> {
  const extension = import.meta.url.endsWith(".ts") ? ".ts" : ".js";
  const file = fileURLToPath(new URL(`./gpu-worker${extension}`, import.meta.url));
  try {
    const { stdout } = await promisify(execFile)(process.execPath, [...process.execArgv, file], { timeout });
    return JSON.parse(stdout.trimEnd().split("\n").at(-1)!) as GpuAnswer;
  } catch (error) {
    const { signal, killed } = error as { signal?: string; killed?: boolean };
    if (killed === true) return { failed: `Opening the GPU took more than ${timeout / 1000} seconds.` };
    return { failed: `Opening the GPU ended its process (${signal ?? "no answer"}): its driver may be broken.` };
  }
}
