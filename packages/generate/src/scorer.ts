import { assertFitsContext, type Model, type SiteVisitor } from "@attune/models";
import { AttuneError, checkOptionKeys, type ProgressListener, throwIfAborted } from "@attune/spec";
import { createLifetime, type Program, type Runtime } from "@attune/tensor-core";
import { assertList } from "./assert-list.ts";
import { checkIds } from "./check-requests.ts";
import { sequenceTables } from "./rotary-inputs.ts";
import type { IdRow, ScoreDocument } from "./score-plan.ts";
import { type ScoreShape, traceScores } from "./score-program.ts";
import { runShape, scoreRuns } from "./score-runs.ts";

/** How a scorer works. */
export interface ScorerOptions {
  readonly visitors?: readonly SiteVisitor[] | undefined;
  /** Tokens that are run at once. Default 2048. */
  readonly tokensPerRun?: number | undefined;
}

/** What a model makes of one completion. */
export interface CompletionScore {
  /** Natural logarithm of its probability after its prompt, summed over its tokens. */
  readonly logprob: number;
  readonly tokens: number;
  /** Whether greedy decoding would say it. */
  readonly greedy: boolean;
}

/** Options of one call. */
export interface ScoreOptions {
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ProgressListener | undefined;
}

/** Scores completions with one model. */
export interface Scorer {
  /**
   * Scores rows, in their order. Rows of equal prompt share its forward pass.
   *
   * Throws `CONTEXT_EXCEEDED` naming a row that is too long, `INPUT_INVALID` for an empty prompt or completion, or an id outside
   * the vocabulary, `NUMERICS` naming a row whose score is not finite, `ABORTED`.
   */
  score(rows: readonly IdRow[], options?: ScoreOptions): Promise<CompletionScore[]>;
  /** Frees the programs. */
  dispose(): void;
}

/**
 * A scorer; programs are compiled when their shape is first needed.
 *
 * @throws AttuneError `OPTIONS_INVALID` for no tokens a run; its calls throw `INPUT_INVALID` for an empty prompt or completion
 */
export function createScorer(runtime: Runtime, model: Model, options: ScorerOptions = {}): Scorer {
  checkOptionKeys("createScorer", options, { visitors: true, tokensPerRun: true });
  const { visitors = [], tokensPerRun = 2048 } = options;
  if (!Number.isSafeInteger(tokensPerRun) || tokensPerRun < 1) {
    throw new AttuneError("OPTIONS_INVALID", `Expected tokensPerRun to be a positive integer, got ${tokensPerRun}.`);
  }
  const programs = new Map<string, Promise<Program>>();
  const lifetime = createLifetime("scorer");
  const programOf = (shape: ScoreShape): Promise<Program> => {
    const key = `${shape.tokens} ${shape.branchTokens} ${shape.targets}`;
    const known = programs.get(key) ?? runtime.compile((trace) => traceScores(trace, model, visitors, shape));
    programs.set(key, known);
    return known;
  };
  return {
    async score(rows, { signal, onProgress } = {}) {
      lifetime.assertAlive();
      assertList("rows", rows);
      for (const [index, row] of rows.entries()) checkRow(model, row, index);
      const scores = rows.map(({ completionIds }) => ({ logprob: 0, tokens: completionIds.length, greedy: true }));
      let done = 0;
      for (const documents of scoreRuns(model, rows, tokensPerRun)) {
        throwIfAborted(signal);
        const run = layOutRun(documents);
        const program = await programOf(run.shape);
        const tables = sequenceTables(model, run.shape.tokens + run.shape.branchTokens, run.longest);
        const { loss, best } = await program.run({ ...run.inputs, ...tables });
        run.completions.forEach((completion, index) => {
          const score = scores[completion]!;
          score.logprob -= loss![index]!;
          if (best![index] !== run.inputs.targets[index]) score.greedy = false;
        });
        done += new Set(run.completions).size;
        onProgress?.({ stage: "score", done, total: rows.length, unit: "rows" });
      }
      scores.forEach(({ logprob }, row) => {
        if (!Number.isFinite(logprob)) throw notFinite(row, logprob);
      });
      return scores;
    },
    dispose() {
      lifetime.end();
      for (const program of programs.values()) void program.then((ready) => ready.dispose());
      programs.clear();
    },
  };
}

function notFinite(row: number, logprob: number): AttuneError {
  return new AttuneError("NUMERICS", `The model gave row ${row} the log-probability ${logprob}.`, {
    hint: "The weights or the adapter hold NaN or Infinity, or overflow in their storage format; try f32 storage.",
    details: { row },
  });
}

function checkRow(model: Model, { promptIds, completionIds }: IdRow, row: number): void {
  for (const [name, ids] of [
    ["prompt", promptIds],
    ["completion", completionIds],
  ] as const) {
    if (ids.length === 0) {
      throw new AttuneError("INPUT_INVALID", `Row ${row} has an empty ${name}, so there is nothing to score.`, {
        hint:
          name === "prompt"
            ? "A prompt needs at least one token, for instance the tokenizer's beginning-of-text token."
            : "Leave the row out, or give it a completion.",
        details: { row },
      });
    }
    checkIds(model, ids, row);
  }
  const what = `Row ${row} (${promptIds.length} prompt and ${completionIds.length} completion tokens)`;
  assertFitsContext(model, promptIds.length + completionIds.length - 1, what);
}

/** One run: its shape, the values of its inputs, and which completion each target belongs to. */
interface ScoreRun {
  readonly shape: ScoreShape;
  readonly inputs: Readonly<Record<"ids" | "positions" | "documents" | "rows" | "targets", Int32Array>>;
  readonly completions: readonly number[];
  /** Tokens of its longest sequence. */
  readonly longest: number;
}

function layOutRun(documents: readonly ScoreDocument[]): ScoreRun {
  const shape = runShape(documents);
  const { tokens } = shape;
  const all = tokens + shape.branchTokens;
  const inputs = {
    ids: new Int32Array(all),
    positions: new Int32Array(all),
    documents: new Int32Array(all).fill(-1),
    rows: new Int32Array(shape.targets),
    targets: new Int32Array(shape.targets).fill(-100),
    ...(shape.branchTokens === 0 ? {} : { parents: new Int32Array(shape.branchTokens).fill(-1) }),
  };
  const completions: number[] = [];
  let next = 0;
  let nextBranch = tokens;
  let branchNumber = documents.length;
  const place = (ids: readonly number[], start: number, firstPosition: number, document: number): void => {
    for (const [index, id] of ids.entries()) {
      inputs.ids[start + index] = id;
      inputs.positions[start + index] = firstPosition + index;
      inputs.documents[start + index] = document;
    }
  };
  for (const [number, { ids, branches, targets }] of documents.entries()) {
    place(ids, next, 0, number);
    const starts = branches.map((branch) => {
      const start = nextBranch;
      place(branch, start, ids.length, branchNumber++);
      inputs.parents?.fill(number, start - tokens, start - tokens + branch.length);
      nextBranch += branch.length;
      return start;
    });
    for (const { row, id, branch, position } of targets) {
      inputs.rows[completions.length] = position + (branch === undefined ? next : starts[branch]!);
      inputs.targets[completions.length] = id;
      completions.push(row);
    }
    next += ids.length;
  }
  return { shape, inputs, completions, longest: Math.max(...documents.map(({ length }) => length)) };
}
