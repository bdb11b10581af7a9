// The other end of a subject: prepare, say so, and work whenever asked.
import { createInterface } from "node:readline";

const say = (value: object): void => void process.stdout.write(`@bench ${JSON.stringify(value)}\n`);

/** Asks for the next request; undefined at the end. */
export type NextRequest = () => Promise<Record<string, unknown> | undefined>;

export interface ServeOptions {
  /** Whether the work is done in this process, so that its memory is that of the work. Default true. */
  readonly ownMemory?: boolean;
}

/** Requests one by one, for work that asks for its own turn (a training loop). */
export function openRequests({ ownMemory = true }: ServeOptions = {}): {
  next: NextRequest;
  answer: (value: object) => void;
} {
  const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
  return {
    answer: say,
    async next() {
      const { value, done } = await lines.next();
      const request = done ? { end: true } : (JSON.parse(value as string) as { run?: Record<string, unknown> });
      if ("run" in request) return request.run as Record<string, unknown>;
      // maxRSS is in KiB.
      say({ peakBytes: ownMemory ? process.resourceUsage().maxRSS * 1024 : null });
      return undefined;
    },
  };
}

/** Serves until the end. `work` answers one request with its seconds. */
export async function serve(
  ready: object,
  work: (request: Record<string, unknown>) => Promise<object>,
  options: ServeOptions = {},
): Promise<void> {
  const { next, answer } = openRequests(options);
  answer(ready);
  for (let request = await next(); request !== undefined; request = await next()) answer(await work(request));
}

/** Repeats until `seconds` have passed, at least once; seconds of one repetition. */
export async function secondsOf(work: () => unknown, seconds: number): Promise<number> {
  const start = performance.now();
  let count = 0;
  do {
    await work();
    count++;
  } while (performance.now() - start < 1000 * seconds);
  return (performance.now() - start) / 1000 / count;
}

/** The subject's options, given as JSON on its command line. */
export function options<T>(): T {
  return JSON.parse(process.argv[2] ?? "{}") as T;
}
