// A device reports errors apart from the calls that caused them: they are kept, and thrown by the next call.
import { AttuneError } from "@attune/spec";
import { memoryExceeded } from "../memory/memory-exceeded.ts";

/** What is known of a device's state. */
export interface DeviceHealth {
  /**
   * @throws AttuneError `DEVICE_UNAVAILABLE` once the device is lost; after an error that no call has reported, `MEMORY_EXCEEDED` where
   * memory had run out, else `INTERNAL`
   */
  assert(): void;
  /** The error for a call that the device rejected. */
  explain(cause: unknown): AttuneError;
}

/** Watches a device until it is destroyed. */
export function watchDevice(device: GPUDevice): DeviceHealth {
  let failure: AttuneError | undefined;
  let lost = false;
  void device.lost.then(({ reason, message }) => {
    lost = true;
    failure = lossOf(reason === "destroyed" ? "it was closed" : message || "the driver gave no reason");
  });
  device.addEventListener("uncapturederror", (event) => {
    // Node has no such class to compare with, only objects of it.
    const exhausted = event.error.constructor.name === "GPUOutOfMemoryError";
    failure ??= exhausted
      ? memoryExceeded(`The GPU ran out of memory: ${event.error.message}`)
      : new AttuneError("INTERNAL", `The GPU refused a command: ${event.error.message}`);
  });
  return {
    assert() {
      if (failure !== undefined) throw failure;
    },
    explain(cause) {
      if (lost || failure !== undefined) return failure!;
      return lossOf(cause instanceof Error ? cause.message : String(cause));
    },
  };
}

function lossOf(reason: string): AttuneError {
  return new AttuneError("DEVICE_UNAVAILABLE", `The GPU was lost: ${reason}.`, {
    hint: "Open a new device in a new process and go on from the last checkpoint (--resume).",
  });
}
