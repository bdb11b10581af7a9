/** Gives a function whose calls wait for those of all others with the same turns. */
export type Turns = <Taken extends unknown[], Given>(
  work: (...taken: Taken) => Promise<Given>,
) => (...taken: Taken) => Promise<Given>;

/** Turns of their own. A call that fails ends its turn. */
export function createTurns(): Turns {
  let last: Promise<unknown> = Promise.resolve();
  return (work) =>
    (...taken) => {
      const result = last.then(() => work(...taken));
      last = result.catch(() => undefined);
      return result;
    };
}
