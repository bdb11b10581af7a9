import { AttuneError, type JsonObject } from "@attune/spec";

/** Refuses to go on with the checkpoint of another run. @throws AttuneError `RUN_MISMATCH` naming what differs */
export function assertSameRun(checkpoint: string, saved: JsonObject, identity: JsonObject): void {
  const differing = [...new Set([...Object.keys(saved), ...Object.keys(identity)])].filter(
    (key) => JSON.stringify(saved[key]) !== JSON.stringify(identity[key]),
  );
  if (differing.length === 0) return;
  throw new AttuneError("RUN_MISMATCH", `${checkpoint} is of another run: ${differing.join(", ")} differ.`, {
    hint: "Resume with the same recipe, data, model and tokenizer, or choose another --output.",
  });
}

/** The error for a checkpoint whose buffers are not those of this run. */
export function otherSize(checkpoint: string, name: string, elements: number, wanted: number): AttuneError {
  return new AttuneError(
    "RUN_MISMATCH",
    `${checkpoint} holds ${elements} elements of "${name}"; this run has ${wanted}.`,
  );
}
