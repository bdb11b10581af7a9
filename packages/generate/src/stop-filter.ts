/** Passes text on until one of the stop texts is complete, holding back what may be the start of one. */
export interface StopFilter {
  /** Adds text; answers what may be shown now. */
  push(text: string): string;
  /** What was held back, once no more text comes. */
  end(): string;
  readonly stopped: boolean;
}

/** A filter for stop texts; they never appear in what it passes on. */
export function createStopFilter(stops: readonly string[]): StopFilter {
  const texts = stops.filter((text) => text.length > 0);
  let held = "";
  let stopped = false;
  return {
    push(text) {
      if (stopped) return "";
      held += text;
      const found = texts.map((stop) => held.indexOf(stop)).filter((index) => index >= 0);
      if (found.length > 0) {
        stopped = true;
        const shown = held.slice(0, Math.min(...found));
        held = "";
        return shown;
      }
      const kept = Math.max(0, ...texts.map((stop) => overlap(held, stop)));
      const shown = held.slice(0, held.length - kept);
      held = held.slice(held.length - kept);
      return shown;
    },
    end() {
      const rest = held;
      held = "";
      return rest;
    },
    get stopped() {
      return stopped;
    },
  };
}

/** Length of the longest end of `text` that `stop` begins with. */
function overlap(text: string, stop: string): number {
  for (let length = Math.min(text.length, stop.length - 1); length > 0; length--) {
    if (text.endsWith(stop.slice(0, length))) return length;
  }
  return 0;
}
