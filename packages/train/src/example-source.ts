// Batches from tokenised rows in memory: shuffled anew each epoch, mixed with replay rows, packed window by window.
import { AttuneError, checkOptionKeys, type JsonValue, type OptionKeys } from "@attune/spec";
import { createRandomSequence, type RandomSequence } from "@attune/tensor-core";
import type { Batch, BatchSource } from "./batch-source.ts";
import { collateRows } from "./collate-rows.ts";
import type { LossTerm } from "./loss-terms.ts";
import { type PackedPiece, packRows } from "./pack-rows.ts";
import { shuffled } from "./shuffle.ts";
import type { TrainingExample } from "./training-example.ts";

/** Rows packed together; larger windows pack tighter, smaller ones mix better. */
const packingWindow = 2048;

/** How batches are made. */
export interface ExampleSourceOptions {
  readonly examples: readonly TrainingExample[];
  /** Rows of general text mixed in against forgetting, with their share of all rows of an epoch. */
  readonly replay?: { readonly examples: readonly TrainingExample[]; readonly share: number } | undefined;
  readonly rows: number;
  readonly blockLength: number;
  readonly padId: number;
  /** As in `BatchShape`. */
  readonly headRows?: number | undefined;
  /** As in `BatchShape`. */
  readonly terms?: readonly LossTerm[] | undefined;
  readonly seed: number;
  /** Several documents a row; default true. */
  readonly packing?: boolean | undefined;
  /** Default true; evaluation keeps the order. */
  readonly shuffle?: boolean | undefined;
}

const optionKeys: OptionKeys<ExampleSourceOptions> = {
  examples: true,
  replay: true,
  rows: true,
  blockLength: true,
  padId: true,
  headRows: true,
  terms: true,
  seed: true,
  packing: true,
  shuffle: true,
};

/** Where the source stands: the epoch and the batches of it that were given. */
interface Cursor {
  epoch: number;
  batch: number;
}

/**
 * A source over rows in memory. Epochs differ in order, replay rows and packing; all follow from seed and epoch. `restore` throws
 * `FILE_CORRUPT` for a state of something else.
 */
export function createExampleSource(options: ExampleSourceOptions): BatchSource {
  checkOptionKeys("createExampleSource", options, optionKeys);
  const { rows, blockLength, padId, headRows, terms } = options;
  const replay = options.replay?.examples.map((example) => ({ ...example, replay: true })) ?? [];
  const pool = [...options.examples, ...replay];
  const cursor: Cursor = { epoch: 0, batch: 0 };
  let planned: { epoch: number; rows: PackedPiece[][] } | undefined;
  const epochRows = (epoch: number): PackedPiece[][] => {
    if (planned?.epoch !== epoch) planned = { epoch, rows: planEpoch(options, pool, epoch) };
    return planned.rows;
  };
  const batchesIn = (epoch: number): number => Math.ceil(epochRows(epoch).length / rows);
  return {
    batchesPerEpoch: batchesIn(0),
    async next(): Promise<Batch> {
      if (cursor.batch >= batchesIn(cursor.epoch)) Object.assign(cursor, { epoch: cursor.epoch + 1, batch: 0 });
      const chosen = epochRows(cursor.epoch).slice(cursor.batch * rows, (cursor.batch + 1) * rows);
      cursor.batch++;
      return collateRows(chosen, pool, { rows, blockLength, padId, headRows, terms });
    },
    state: () => ({ ...cursor }),
    restore(state) {
      Object.assign(cursor, parseCursor(state));
    },
  };
}

function planEpoch(options: ExampleSourceOptions, pool: readonly TrainingExample[], epoch: number): PackedPiece[][] {
  const { seed, shuffle = true } = options;
  const random = createRandomSequence(seed, `epoch ${epoch}`);
  const mixed = options.examples.map((_, index) => index).concat(replayIndices(options, random));
  const order = shuffle ? shuffled(mixed, random) : mixed;
  const planned: PackedPiece[][] = [];
  for (let start = 0; start < order.length; start += packingWindow) {
    const packed = packWindow(order.slice(start, start + packingWindow), options, pool);
    planned.push(...(shuffle ? shuffled(packed, random) : packed));
  }
  return planned;
}

function packWindow(
  window: readonly number[],
  { blockLength, packing = true }: ExampleSourceOptions,
  pool: readonly TrainingExample[],
): PackedPiece[][] {
  const groups = packing ? [window] : window.map((index) => [index]);
  return groups.flatMap((group) => {
    const lengths = group.map((index) => pool[index]!.ids.length);
    return packRows(lengths, blockLength).map((row) =>
      row.map((piece) => ({ ...piece, example: group[piece.example]! })),
    );
  });
}

/** Rows of an epoch that give replay its share. */
function replayRowCount({ examples, replay }: Pick<ExampleSourceOptions, "examples" | "replay">): number {
  if (replay === undefined || replay.share === 0 || replay.examples.length === 0) return 0;
  return Math.round((examples.length * replay.share) / (1 - replay.share));
}

/** Every row that an epoch may hold, as often as it may: replay rows come several times where there are few of them. */
export function examplesOfEpoch(options: Pick<ExampleSourceOptions, "examples" | "replay">): TrainingExample[] {
  const again = options.replay?.examples ?? [];
  const times = again.length === 0 ? 0 : Math.ceil(replayRowCount(options) / again.length);
  return [...options.examples, ...Array.from({ length: times }, () => again).flat()];
}

/** Replay rows of this epoch: as many as give them their share, drawn anew each epoch. */
function replayIndices({ examples, replay }: ExampleSourceOptions, random: RandomSequence): number[] {
  const wanted = replayRowCount({ examples, replay });
  if (replay === undefined || wanted === 0) return [];
  const drawn: number[] = [];
  while (drawn.length < wanted) {
    const all = shuffled(
      replay.examples.map((_, index) => examples.length + index),
      random,
    );
    drawn.push(...all.slice(0, wanted - drawn.length));
  }
  return drawn;
}

function parseCursor(state: JsonValue): Cursor {
  const { epoch, batch } = (state ?? {}) as Partial<Cursor>;
  if (Number.isSafeInteger(epoch) && Number.isSafeInteger(batch) && epoch! >= 0 && batch! >= 0)
    return { epoch: epoch!, batch: batch! };
  throw new AttuneError("FILE_CORRUPT", "The checkpoint's data cursor does not hold an epoch and a batch.");
}
