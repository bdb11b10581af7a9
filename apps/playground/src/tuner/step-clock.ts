/** Estimates the time that steps still take from those before; the first one, which waits for kernels, is left out. */
export interface StepClock {
  /** Adds a step and estimates the rest. */
  secondsLeft(seconds: number, stepsLeft: number): number;
}

/** Steps that the estimate looks back on. */
const remembered = 20;

/** A clock of one run. */
export function createStepClock(): StepClock {
  const recent: number[] = [];
  let steps = 0;
  return {
    secondsLeft(seconds, stepsLeft) {
      steps++;
      if (steps === 2) recent.length = 0;
      recent.push(seconds);
      if (recent.length > remembered) recent.shift();
      return (stepsLeft * recent.reduce((sum, each) => sum + each, 0)) / recent.length;
    },
  };
}
