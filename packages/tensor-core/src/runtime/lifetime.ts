import { AttuneError } from "@attune/spec";

/** Whether something that owns memory may still be used. */
export interface Lifetime {
  /** Throws `INPUT_INVALID` once it ended. */
  assertAlive(): void;
  end(): void;
}

/** The lifetime of something that is disposed once. @param what - the owner as errors call it, for instance "runtime" */
export function createLifetime(what: string): Lifetime {
  let ended = false;
  return {
    assertAlive() {
      if (ended)
        throw new AttuneError("INPUT_INVALID", `This ${what} was disposed.`, { hint: `Make another ${what}.` });
    },
    end() {
      ended = true;
    },
  };
}
