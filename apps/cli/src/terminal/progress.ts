// Progress on stderr: a bar that is redrawn on a terminal, plain lines elsewhere, nothing when nobody looks.
import { formatCount, formatQuantity, type ProgressEvent, type ProgressListener } from "@attune/spec";
import type { Host } from "../host.ts";

/** A bar redraws at most so often, milliseconds. */
const redrawEvery = 100;
/** A plain line comes after so many milliseconds, or after a tenth of the whole, but not sooner than the last number. */
const [lineEvery, lineAtMostEvery] = [5000, 1000];

/** Shows progress events. */
export interface Progress {
  readonly listener: ProgressListener;
  /** Removes what a bar left on the line, so that other text can be printed. */
  clear(): void;
}

/** How progress is shown. */
export interface ProgressOptions {
  readonly mode: "auto" | "bar" | "plain" | "none";
  readonly stream: Host["stderr"];
  readonly environment: Host["environment"];
  /** Milliseconds, monotonic; for tests. */
  readonly now?: (() => number) | undefined;
}

interface StageTimes {
  readonly stage: string;
  readonly started: number;
  /** Units that were done before, by a run that is resumed. */
  readonly first: number;
  lastDone: number;
  lastShown: number;
  lastShare: number;
}

/** Makes the listener that verbs give to packages. `auto` is a bar on a terminal outside CI, else plain lines. */
export function createProgress({
  mode,
  stream,
  environment,
  now = () => performance.now(),
}: ProgressOptions): Progress {
  const onTerminal = stream.isTTY === true && !environment["CI"];
  const bar = mode === "bar" || (mode === "auto" && onTerminal);
  let times: StageTimes | undefined;
  let drawn = false;
  const clear = (): void => {
    if (drawn) stream.write("\r\x1b[2K");
    drawn = false;
  };
  if (mode === "none") return { listener: () => {}, clear };
  const listener = (event: ProgressEvent): void => {
    const time = now();
    // One part of the data after the other is judged as a stage of the same name.
    if (times?.stage !== event.stage || event.done < times.lastDone) {
      // A plain stage that ended shows its last line through `isDue`; a bar gives way to the next one.
      times = {
        stage: event.stage,
        started: time,
        first: event.done,
        lastDone: event.done,
        lastShown: bar ? -redrawEvery : time,
        lastShare: 0,
      };
    }
    times.lastDone = event.done;
    if (!isDue(event, times, time, bar)) return;
    times.lastShown = time;
    times.lastShare = shareOf(event);
    const line = describeProgress(event, time - times.started, event.done - times.first, bar);
    if (!bar) {
      stream.write(`${line}\n`);
      return;
    }
    clear();
    stream.write(line.slice(0, (stream.columns ?? 80) - 1));
    drawn = true;
  };
  return { listener, clear };
}

function shareOf({ done, total }: ProgressEvent): number {
  return total === undefined || total === 0 ? 0 : done / total;
}

function isDue(event: ProgressEvent, times: StageTimes, time: number, bar: boolean): boolean {
  const elapsed = time - times.lastShown;
  if (bar) return elapsed >= redrawEvery || event.done === event.total;
  if (event.done === event.total) return time - times.started >= lineAtMostEvery;
  return elapsed >= lineEvery || (elapsed >= lineAtMostEvery && shareOf(event) >= times.lastShare + 0.1);
}

/** One line: what, how far, the numbers of the moment, and how long it will take. */
function describeProgress(event: ProgressEvent, elapsed: number, doneHere: number, bar: boolean): string {
  const { stage, done, total, unit, message, metrics = {} } = event;
  const parts = [bar && total ? `${stage} ${drawBar(done / total)}` : stage];
  const share = total ? ` (${Math.floor((100 * done) / total)}%)` : "";
  parts.push(`${formatCount(done)}${total === undefined ? "" : `/${formatCount(total)}`} ${unit}${share}`);
  if (metrics["loss"] !== undefined) parts.push(`loss ${metrics["loss"].toFixed(4)}`);
  if (metrics["validation.loss"] !== undefined) parts.push(`held-out ${metrics["validation.loss"].toFixed(4)}`);
  if (metrics["tokensPerSecond"] !== undefined)
    parts.push(`${formatCount(Math.round(metrics["tokensPerSecond"]))} tokens/s`);
  if (total !== undefined && doneHere > 0 && done < total) {
    parts.push(`ETA ${formatQuantity((elapsed / 1000 / doneHere) * (total - done), "seconds")}`);
  }
  if (message !== undefined) parts.push(message);
  return parts.join("  ");
}

function drawBar(share: number): string {
  const width = 20;
  const full = Math.round(width * Math.min(1, share));
  return `[${"=".repeat(full)}${" ".repeat(width - full)}]`;
}
