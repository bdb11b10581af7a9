/** Runs asynchronous tasks one after the other, in the order in which they are given. A task that fails does not stop those after it. */
export type Queue = <Result>(task: () => Promise<Result>) => Promise<Result>;

/** A queue of its own. */
export function createQueue(): Queue {
  let last: Promise<unknown> = Promise.resolve();
  return (task) => {
    const result = last.then(task);
    last = result.catch(() => undefined);
    return result;
  };
}
