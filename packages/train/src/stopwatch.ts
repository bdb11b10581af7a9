/** Seconds of steps, and a rate that forgets old steps. Only shown, never acted on. */
export interface Stopwatch {
  start(): void;
  /** Seconds since `start`. */
  stop(tokens: number): number;
  tokensPerSecond(): number;
}

/** Steps that the rate remembers. */
const remembered = 20;

/** A stopwatch. */
export function createStopwatch(): Stopwatch {
  const steps: { tokens: number; seconds: number }[] = [];
  let started = 0;
  return {
    start() {
      started = performance.now();
    },
    stop(tokens) {
      const seconds = (performance.now() - started) / 1000;
      steps.push({ tokens, seconds });
      if (steps.length > remembered) steps.shift();
      return seconds;
    },
    tokensPerSecond() {
      const seconds = steps.reduce((sum, step) => sum + step.seconds, 0);
      return seconds === 0 ? 0 : steps.reduce((sum, step) => sum + step.tokens, 0) / seconds;
    },
  };
}
