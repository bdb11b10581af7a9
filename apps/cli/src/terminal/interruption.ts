import { AttuneError } from "@attune/spec";
import type { Host } from "../host.ts";

/** Ends a command in order. */
export interface Interruption {
  readonly signal: AbortSignal;
  /** Takes the handlers away again. */
  dispose(): void;
}

/** Sent by Ctrl-C, by who ends processes, and by a terminal that is closed. Node does not keep what nohup sets, so that one counts, too. */
const signals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/** The first of these signals aborts the command's, so that the step is finished and saved; the second one quits. */
export function listenForInterrupts(stderr: Host["stderr"]): Interruption {
  const controller = new AbortController();
  const interrupt = (name: NodeJS.Signals): void => {
    // The system and the shell both tell that a terminal is gone.
    if (controller.signal.aborted && name === "SIGHUP") return;
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
