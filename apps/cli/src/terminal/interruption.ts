import { AttuneError } from "@attune/spec";
import type { Host } from "../host.ts";

/** Ends a command in order. */
export interface Interruption {
  readonly signal: AbortSignal;
  /** Takes the handlers away again. */
  dispose(): void;
}

const signals = ["SIGINT", "SIGTERM"] as const;

/** The first SIGINT or SIGTERM aborts the signal, so that the step is finished and saved; the second one quits. */
export function listenForInterrupts(stderr: Host["stderr"]): Interruption {
  const controller = new AbortController();
  const interrupt = (): void => {
    if (controller.signal.aborted) process.exit(130);
    stderr.write("\nStopping in order; interrupt once more to quit at once.\n");
    controller.abort(new AttuneError("ABORTED", "The command was interrupted."));
  };
  for (const name of signals) process.on(name, interrupt);
  return {
    signal: controller.signal,
    dispose() {
      for (const name of signals) process.off(name, interrupt);
    },
  };
}
