// A thread of the CPU backend. It waits for messages and, told to run, replays a plan beside the other threads.
import { parentPort, workerData } from "node:worker_threads";
import type { GemmProvider, OpenGemm } from "@attune/tensor-core";
import { importedGemm } from "../gemm/gemm-import.ts";
import type { RunFinished, WorkerMessage, WorkerStart } from "./messages.ts";
import { type KernelFunction, type ReplayProgram, replay } from "./replay.ts";

const start = workerData as WorkerStart;
const gemm = start.gemm && (await openGemm(start.gemm));
const kernels: KernelFunction[] = [];
const programs = new Map<number, ReplayProgram>();

parentPort!.on("message", (message: WorkerMessage) => {
  if (message.kind === "module") load(message.module);
  else if (message.kind === "program") programs.set(message.id, message);
  else if (message.kind === "drop") programs.delete(message.id);
  else {
    catchUpOnGrowth(start, message.memoryBytes);
    const error = replay(start, kernels, programs.get(message.id)!, message);
    const finished: RunFinished = error === undefined ? {} : { error };
    parentPort!.postMessage(finished);
  }
});

/**
 * The engine tells a thread of growths once it is listed as a holder of the memory; one that falls between taking the memory over and
 * that is never told. Loads and stores reach the new bytes all the same, bulk operations stop at the old size. Growing by nothing
 * reads it anew.
 */
function catchUpOnGrowth({ memory, addressType }: WorkerStart, bytes: number): void {
  if (memory.buffer.byteLength < bytes) memory.grow((addressType === "i64" ? 0n : 0) as number);
}

function load(module: WebAssembly.Module): void {
  const { memory, nearMemory } = start;
  const env = { memory, ...(nearMemory ? { near: nearMemory } : {}), ...(gemm ? { gemm } : {}) };
  const { exports } = new WebAssembly.Instance(module, { env });
  for (const [name, kernel] of Object.entries(exports)) kernels[Number(name.slice(1))] = kernel as KernelFunction;
}

/** Opens the native library for this thread. Messages wait meanwhile: nobody listens yet. */
async function openGemm({ module, options }: GemmProvider): Promise<ReturnType<typeof importedGemm>> {
  const { openGemm: open } = (await import(module)) as { openGemm: OpenGemm };
  return importedGemm(open(start.memory, options), start.addressType);
}
