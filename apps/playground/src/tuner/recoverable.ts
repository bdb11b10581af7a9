// A device can be lost at any time. What was on it is then put on a new one, and the work is done once more.
import { AttuneError } from "@attune/spec";

/** Something on a device. */
export interface Recoverable<Held> {
  /**
   * Does work on it, and once more on a new device where it was lost.
   *
   * @throws AttuneError `DEVICE_UNAVAILABLE` for losses in a row without a step between
   */
  use<Given>(work: (held: Held) => Promise<Given>): Promise<Given>;
  close(): Promise<void>;
}

export interface RecoverableOptions<Held> {
  open(): Promise<Held>;
  close(held: Held): Promise<void>;
  /** Steps that would not be done once more. */
  savedStep(): number;
  onRecovered(reason: string, step: number): void;
}

/** Losses in a row, without a step between, after which the work fails. */
const mostLosses = 3;

/** Opens it for the first work. */
export function createRecoverable<Held>(options: RecoverableOptions<Held>): Recoverable<Held> {
  let held: Held | undefined;

  const close = async (): Promise<void> => {
    const closing = held;
    held = undefined;
    if (closing !== undefined) await options.close(closing).catch(() => undefined);
  };

  return {
    async use(work) {
      let step = -1;
      for (let losses = 0; ; ) {
        held ??= await options.open();
        try {
          return await work(held);
        } catch (error) {
          if (!AttuneError.is(error) || error.code !== "DEVICE_UNAVAILABLE") throw error;
          await close();
          const reached = options.savedStep();
          losses = reached > step ? 1 : losses + 1;
          step = reached;
          if (losses === mostLosses) throw error;
          options.onRecovered(error.message, step);
        }
      }
    },
    close,
  };
}
