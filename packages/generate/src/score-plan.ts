// Packs completions to score into few tokens. Prompts stand one after the other in a row; a prompt with one completion is one
// document with it. Completions that share a prompt are branches: they stand in a second stretch, see their prompt and themselves,
// and the prompt is computed once. The last id of a completion is never fed, so one-token completions cost nothing beside it.

/** Runs with less room than this are taken to be full, so that packing many documents stays fast. */
const smallest = 8;

/** A completion to score, in ids. */
export interface IdRow {
  readonly promptIds: ArrayLike<number>;
  readonly completionIds: ArrayLike<number>;
}

/** One logits row that is needed: after which token, which id, for which completion. */
interface ScoreTarget {
  /** Index of the completion. */
  readonly row: number;
  readonly id: number;
  /** Token after which it comes: of the document, or of one of its branches. */
  readonly branch: number | undefined;
  readonly position: number;
}

/** A prompt with what is fed after it. */
export interface ScoreDocument {
  readonly ids: readonly number[];
  /** Ids of each branch, which follow the whole document. */
  readonly branches: readonly (readonly number[])[];
  readonly targets: readonly ScoreTarget[];
  /** Tokens of its longest prompt and completion together. */
  readonly length: number;
}

/** One document a distinct prompt; rows for which `alone` is true get one each. */
export function planDocuments(rows: readonly IdRow[], alone: (row: IdRow) => boolean): ScoreDocument[] {
  const groups = new Map<string, number[]>();
  for (const [index, row] of rows.entries()) {
    const key = alone(row) ? `row ${index}` : Array.from(row.promptIds).join();
    const group = groups.get(key);
    if (group) group.push(index);
    else groups.set(key, [index]);
  }
  return [...groups.values()].map((group) => (group.length === 1 ? single(rows, group[0]!) : shared(rows, group)));
}

function single(rows: readonly IdRow[], row: number): ScoreDocument {
  const { promptIds, completionIds } = rows[row]!;
  const prompt = Array.from(promptIds);
  const completion = Array.from(completionIds);
  const targets = completion.map((id, index) => ({ row, id, branch: undefined, position: prompt.length - 1 + index }));
  const length = prompt.length + completion.length;
  return { ids: [...prompt, ...completion.slice(0, -1)], branches: [], targets, length };
}

function shared(rows: readonly IdRow[], group: readonly number[]): ScoreDocument {
  const ids = Array.from(rows[group[0]!]!.promptIds);
  const branches: number[][] = [];
  const targets: ScoreTarget[] = [];
  const byLength = [...group].sort(
    (left, right) => rows[right]!.completionIds.length - rows[left]!.completionIds.length,
  );
  for (const row of byLength) {
    const completion = Array.from(rows[row]!.completionIds);
    const fed = completion.slice(0, -1);
    const known = branches.findIndex((branch) => fed.every((id, index) => branch[index] === id));
    const branch = fed.length === 0 ? undefined : known >= 0 ? known : branches.push(fed) - 1;
    for (const [index, id] of completion.entries()) {
      targets.push(
        index === 0
          ? { row, id, branch: undefined, position: ids.length - 1 }
          : { row, id, branch, position: index - 1 },
      );
    }
  }
  return { ids, branches, targets, length: ids.length + rows[byLength[0]!]!.completionIds.length };
}

/** Tokens in the branches of a document. */
export function branchTokens({ branches }: ScoreDocument): number {
  return branches.reduce((sum, branch) => sum + branch.length, 0);
}

/**
 * Fills runs with documents, long ones first and short ones into the gaps.
 *
 * @param limit - tokens of a run, in its documents and again in its branches; a document above it has a run of its own
 * @param alone - true for documents that must not share a run
 */
export function packRuns(
  documents: readonly ScoreDocument[],
  limit: number,
  alone: (document: ScoreDocument) => boolean,
): ScoreDocument[][] {
  const waiting = [...documents].sort((left, right) => right.ids.length - left.ids.length);
  const runs: { members: ScoreDocument[]; tokens: number; branches: number; closed: boolean }[] = [];
  let firstOpen = 0;
  for (const document of waiting) {
    const [tokens, branches] = [document.ids.length, branchTokens(document)];
    const closed = alone(document);
    while (firstOpen < runs.length && runs[firstOpen]!.tokens + smallest > limit) firstOpen++;
    const fitting = closed
      ? undefined
      : runs.find(
          (run, index) =>
            index >= firstOpen && !run.closed && run.tokens + tokens <= limit && run.branches + branches <= limit,
        );
    if (fitting) {
      fitting.members.push(document);
      fitting.tokens += tokens;
      fitting.branches += branches;
    } else runs.push({ members: [document], tokens, branches, closed });
  }
  return runs.map(({ members }) => members);
}
