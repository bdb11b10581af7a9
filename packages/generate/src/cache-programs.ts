// The two programs of generation. Prefill: prompts packed into one row, their keys and values scattered into the cache. Decode: one
// new token a sequence; one plan, replayed for every step.
import { attendTokens, forwardHidden, type Model, modelScope, type SiteVisitor } from "@attune/models";
import { iota, type Program, type Runtime, reshape, type Trace, tensorType } from "@attune/tensor-core";
import { lengthBucket } from "./buckets.ts";
import { allocateCache, attendCache, type CacheLayout, writeCache } from "./key-value-cache.ts";
import { rotaryInputs, sequenceTables, stepTables } from "./rotary-inputs.ts";

/** A prompt and the cache rows that its tokens go to. */
interface PrefillRow {
  readonly ids: ArrayLike<number>;
  /** First of as many neighbouring rows. */
  readonly firstRow: number;
}

/** One sequence of a decode step. */
interface DecodeRow {
  /** The newest id. */
  readonly id: number;
  /** Its position. */
  readonly position: number;
  /** The cache row that it goes to. */
  readonly row: number;
  /** Rows of all positions up to its own, for programs with a table. */
  readonly rows?: ArrayLike<number> | undefined;
}

/** Programs over one cache. Results are one row of logits a prompt or sequence. */
export interface CachePrograms {
  readonly layout: CacheLayout;
  /** Runs at most `layout.slots` prompts. */
  prefill(rows: readonly PrefillRow[]): Promise<Float32Array[]>;
  /** Runs a step of `batch` sequences, of which some may be undefined: their logits mean nothing. */
  decode(rows: readonly (DecodeRow | undefined)[], table: boolean): Promise<Float32Array[]>;
  dispose(): void;
}

/** Allocates a cache; programs are compiled when their shape is first needed. */
export async function createCachePrograms(
  runtime: Runtime,
  model: Model,
  layout: CacheLayout,
  visitors: readonly SiteVisitor[],
): Promise<CachePrograms> {
  await allocateCache(runtime, layout, model.config);
  const programs = new Map<string, Promise<Program>>();
  const programOf = (key: string, build: (trace: Trace) => void): Promise<Program> => {
    const known = programs.get(key) ?? runtime.compile(build);
    programs.set(key, known);
    return known;
  };
  return {
    layout,
    async prefill(rows) {
      const total = rows.reduce((sum, { ids }) => sum + ids.length, 0);
      const tokens = lengthBucket(total);
      const program = await programOf(`prefill ${tokens}`, (trace) =>
        tracePrefill(trace, model, layout, visitors, tokens),
      );
      const { logits } = await program.run(prefillInputs(model, layout, rows, tokens));
      return rowsOf(logits as Float32Array, model.config.vocabularySize).slice(0, rows.length);
    },
    async decode(rows, table) {
      const program = await programOf(`decode ${rows.length} ${table}`, (trace) =>
        traceDecode(trace, model, layout, visitors, rows.length, table),
      );
      const { logits } = await program.run(decodeInputs(model, layout, rows, table));
      return rowsOf(logits as Float32Array, model.config.vocabularySize);
    },
    dispose() {
      for (const program of programs.values()) void program.then((ready) => ready.dispose());
      programs.clear();
      runtime.states.free(layout.region);
    },
  };
}

function tracePrefill(
  trace: Trace,
  model: Model,
  layout: CacheLayout,
  visitors: readonly SiteVisitor[],
  tokens: number,
): void {
  const row = tensorType([1, tokens], "i32");
  const scope = modelScope(trace, model, visitors);
  const cacheRows = trace.input("cacheRows", tensorType([tokens], "i32"));
  const hidden = forwardHidden(model, scope, {
    ids: trace.input("ids", row),
    positions: trace.input("positions", row),
    documents: trace.input("documents", row),
    rows: trace.input("last", tensorType([layout.slots], "i32")),
    ...rotaryInputs(trace, model, tokens),
    attend(call) {
      writeCache(trace, layout, model.config, call, cacheRows);
      return attendTokens(call);
    },
  });
  trace.output("logits", model.family.head(scope, model.config, hidden));
}

function prefillInputs(
  model: Model,
  layout: CacheLayout,
  rows: readonly PrefillRow[],
  tokens: number,
): Record<string, ArrayLike<number>> {
  const inputs = {
    ids: new Int32Array(tokens),
    positions: new Int32Array(tokens),
    documents: new Int32Array(tokens).fill(-1),
    cacheRows: new Int32Array(tokens).fill(-1),
    last: new Int32Array(layout.slots).fill(-1),
  };
  let next = 0;
  let longest = 1;
  for (const [index, { ids, firstRow }] of rows.entries()) {
    for (let position = 0; position < ids.length; position++, next++) {
      inputs.ids[next] = ids[position]!;
      inputs.positions[next] = position;
      inputs.documents[next] = index;
      inputs.cacheRows[next] = firstRow + position;
    }
    inputs.last[index] = next - 1;
    longest = Math.max(longest, ids.length);
  }
  return { ...inputs, ...sequenceTables(model, tokens, longest) };
}

function traceDecode(
  trace: Trace,
  model: Model,
  layout: CacheLayout,
  visitors: readonly SiteVisitor[],
  batch: number,
  withTable: boolean,
): void {
  const { config, family } = model;
  const column = tensorType([batch, 1], "i32");
  const scope = modelScope(trace, model, visitors);
  const cacheRows = trace.input("cacheRows", tensorType([batch], "i32"));
  const lengths = trace.input("lengths", tensorType([batch], "i32"));
  const positions = trace.input("positions", column);
  const table = withTable ? trace.input("table", tensorType([batch, layout.capacity], "i32")) : undefined;
  const hidden = forwardHidden(model, scope, {
    ids: trace.input("ids", column),
    positions: config.stretchesBeyond !== undefined ? reshape(iota(trace, batch), [batch, 1]) : positions,
    ...rotaryInputs(trace, model, batch),
    attend: (call) =>
      attendCache(layout, call, writeCache(trace, layout, config, call, cacheRows), { lengths, positions, table }),
  });
  trace.output("logits", family.head(scope, config, reshape(hidden, [batch, config.hiddenSize])));
}

function decodeInputs(
  model: Model,
  layout: CacheLayout,
  rows: readonly (DecodeRow | undefined)[],
  withTable: boolean,
): Record<string, ArrayLike<number>> {
  const of = (value: (row: DecodeRow) => number, absent: number): Int32Array =>
    Int32Array.from(rows, (row) => (row ? value(row) : absent));
  const positions = of(({ position }) => position, 0);
  const inputs: Record<string, ArrayLike<number>> = {
    ids: of(({ id }) => id, 0),
    positions,
    cacheRows: of(({ row }) => row, -1),
    lengths: of(({ position }) => position + 1, 0),
    ...stepTables(model, positions),
  };
  if (!withTable) return inputs;
  const table = new Int32Array(rows.length * layout.capacity).fill(-1);
  for (const [index, row] of rows.entries()) if (row?.rows) table.set(row.rows, index * layout.capacity);
  return { ...inputs, table };
}

function rowsOf(logits: Float32Array, columns: number): Float32Array[] {
  return Array.from({ length: logits.length / columns }, (_, row) =>
    logits.subarray(row * columns, (row + 1) * columns),
  );
}
