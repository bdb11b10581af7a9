// The page's side of the worker: calls that give promises, and events.
import { AttuneError, type ErrorCode } from "@attune/spec";
import type { FromWorker, ToWorker, TunerCalls, TunerEvent } from "../protocol.ts";

/** The worker as the page uses it. */
export interface TunerClient {
  call<Name extends keyof TunerCalls>(name: Name, value: TunerCalls[Name]["takes"]): Promise<TunerCalls[Name]["gives"]>;
  /** Ends the run after the step that is under way. */
  stop(): void;
}

interface Waiting {
  resolve(value: unknown): void;
  reject(error: unknown): void;
}

/** Starts the worker. */
export function startTuner(onEvent: (event: TunerEvent) => void): TunerClient {
  const worker = new Worker(new URL("../tuner/tuner-worker.ts", import.meta.url), { type: "module" });
  const waiting = new Map<number, Waiting>();
  let calls = 0;
  const send = (message: ToWorker): void => worker.postMessage(message);
  worker.addEventListener("message", ({ data }: MessageEvent<FromWorker>) => {
    if (data.kind === "event") return onEvent(data.event);
    const call = waiting.get(data.id);
    waiting.delete(data.id);
    if (data.kind === "result") return call?.resolve(data.value);
    const { code, message, hint, key } = data.error;
    call?.reject(
      new AttuneError(code as ErrorCode, message, { hint, ...(key === undefined ? {} : { details: { key } }) }),
    );
  });
  worker.addEventListener("error", (event) => {
    const error = new AttuneError(
      "INTERNAL",
      `The worker of this page failed: ${event.message || "it could not be loaded"}.`,
      {
        hint: "Reload the page.",
      },
    );
    for (const { reject } of waiting.values()) reject(error);
    waiting.clear();
  });
  return {
    call: (name, value) =>
      new Promise((resolve, reject) => {
        const id = ++calls;
        waiting.set(id, { resolve: resolve as Waiting["resolve"], reject });
        send({ kind: "call", id, name, value } as ToWorker);
      }),
    stop: () => send({ kind: "stop" }),
  };
}
