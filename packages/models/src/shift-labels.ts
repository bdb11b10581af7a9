import { ignoredLabel } from "@attune/tensor-core";

/**
 * Turns labels of positions, as Transformers gives them, into targets of the positions before: what `languageModelLoss` wants.
 * Nothing crosses the end of a row or of a document.
 *
 * @param labels - rows of `rowLength` labels, one after the other
 * @param documents - the document of each position, where rows are packed
 */
export function shiftLabels(labels: ArrayLike<number>, rowLength: number, documents?: ArrayLike<number>): Int32Array {
  const targets = new Int32Array(labels.length).fill(ignoredLabel);
  for (let position = 0; position + 1 < labels.length; position++) {
    const endsRow = (position + 1) % rowLength === 0;
    const endsDocument = documents !== undefined && documents[position] !== documents[position + 1];
    if (!endsRow && !endsDocument) targets[position] = labels[position + 1]!;
  }
  return targets;
}
