import { AttuneError } from "@attune/spec";

/** Throws DATA_EMPTY without documents and INPUT_INVALID when two share an id, since rows are matched by it. */
export function checkDocuments(documents: readonly { readonly id: string }[], task: string): void {
  if (documents.length === 0) {
    throw new AttuneError("DATA_EMPTY", `Task ${task} has no documents.`, {
      hint: "Check the split that it evaluates: its part may be empty.",
    });
  }
  const seen = new Set<string>();
  for (const { id } of documents) {
    if (seen.has(id)) throw new AttuneError("INPUT_INVALID", `Two documents of task ${task} have the id "${id}".`);
    seen.add(id);
  }
}
