import { Worker } from "node:worker_threads";
import { AttuneError } from "@attune/spec";
import type { GemmProvider } from "@attune/tensor-core";
import type { Heap } from "../memory/heap.ts";
import type { ThreadScratch } from "../memory/scratch.ts";
import {
  controlCells,
  parameterBytes,
  type RunFinished,
  type RunProgram,
  type WorkerMessage,
  type WorkerStart,
} from "./messages.ts";

/** Worker threads that replay plans together. Only messages and atomics join them to the main thread, which never waits. */
export interface WorkerPool {
  readonly threads: number;
  /** Sends a message to every thread; messages are handled in order, so what a run needs is there before it. */
  broadcast(message: WorkerMessage): void;
  /** Runs steps on all threads. @throws AttuneError `INTERNAL` if a kernel traps, `DEVICE_UNAVAILABLE` if a thread dies */
  run(
    message: Omit<RunProgram, "kind" | keyof ThreadScratch | "memoryBytes">,
    scratch: readonly ThreadScratch[],
  ): Promise<void>;
  /** Stops the threads. */
  close(): Promise<void>;
}

export interface PoolOptions {
  readonly threads: number;
  readonly heap: Heap;
  /** A memory of its own for near scratch. */
  readonly nearMemory?: WebAssembly.Memory | undefined;
  readonly gemm?: GemmProvider | undefined;
}

/** Starts the threads. They keep the process alive only while a run is under way. */
export function createWorkerPool({ threads, heap, nearMemory, gemm }: PoolOptions): WorkerPool {
  const control = new SharedArrayBuffer(4 * controlCells.count);
  let pending: PendingRun | undefined;
  let dead: AttuneError | undefined;
  let closing = false;

  const onDeath = (thread: number, reason: string): void => {
    if (closing || dead) return;
    dead = new AttuneError("DEVICE_UNAVAILABLE", `Thread ${thread} of the CPU backend died: ${reason}.`, {
      hint: "Its memory may hold half a step: make a new runtime and go on from the last checkpoint.",
    });
    for (const worker of workers) void worker.terminate();
    pending?.fail(dead);
  };

  const { memory, addressType } = heap;
  const common = { memory, nearMemory, addressType, control, threads, gemm };
  const workers = Array.from({ length: threads }, (_, thread) =>
    startWorker(
      { ...common, thread, parameters: heap.allocate(parameterBytes).offset },
      { onFinished: (answer) => pending?.answer(answer), onDeath: (reason) => onDeath(thread, reason) },
    ),
  );

  return {
    threads,
    broadcast(message) {
      if (dead) throw dead;
      for (const worker of workers) worker.postMessage(message);
    },
    async run(message, scratch) {
      if (dead) throw dead;
      new Int32Array(control).fill(0);
      const current = createPendingRun(threads);
      pending = current;
      const memoryBytes = heap.memory.buffer.byteLength;
      for (const [thread, worker] of workers.entries()) {
        worker.ref();
        worker.postMessage({ ...message, kind: "run", ...scratch[thread]!, memoryBytes } satisfies RunProgram);
      }
      try {
        await current.finished;
      } finally {
        pending = undefined;
        for (const worker of workers) worker.unref();
      }
    },
    async close() {
      closing = true;
      await Promise.all(workers.map((worker) => worker.terminate()));
      pending?.fail(new AttuneError("ABORTED", "The CPU backend was disposed while it ran."));
    },
  };
}

/** A run is over when every thread has answered, or when it fails. */
interface PendingRun {
  readonly finished: Promise<void>;
  answer(answer: RunFinished): void;
  fail(error: AttuneError): void;
}

function createPendingRun(threads: number): PendingRun {
  const answers: RunFinished[] = [];
  let settle!: { readonly resolve: () => void; readonly reject: (error: AttuneError) => void };
  const finished = new Promise<void>((resolve, reject) => {
    settle = { resolve, reject };
  });
  return {
    finished,
    answer(answer) {
      if (answers.push(answer) < threads) return;
      const failed = answers.find(({ error }) => error !== undefined);
      if (failed === undefined) settle.resolve();
      else settle.reject(new AttuneError("INTERNAL", `A CPU kernel stopped: ${failed.error}.`));
    },
    fail: settle.reject,
  };
}

interface WorkerListeners {
  onFinished(answer: RunFinished): void;
  /** Called for an error, and for every end of the thread. */
  onDeath(reason: string): void;
}

function startWorker(workerData: WorkerStart, { onFinished, onDeath }: WorkerListeners): Worker {
  const worker = new Worker(workerFile(), { workerData, name: `attune-cpu-${workerData.thread}` });
  worker.on("message", onFinished);
  worker.on("error", (error) => onDeath(error instanceof Error ? error.message : String(error)));
  worker.on("exit", (code) => onDeath(`it exited with code ${code}`));
  worker.unref();
  return worker;
}

function workerFile(): URL {
  return new URL(import.meta.url.endsWith(".ts") ? "./worker.ts" : "./worker.js", import.meta.url);
}
