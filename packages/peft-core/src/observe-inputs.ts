import { forwardHidden, type Model, modelScope, type SiteDescription, type SiteVisitor } from "@attune/models";
import { AttuneError } from "@attune/spec";
import {
  elementCount,
  type Program,
  type Runtime,
  reshape,
  type Tensor,
  type Trace,
  tensorType,
} from "@attune/tensor-core";
import { siteKey } from "./adapter-parameter.ts";

/** A batch of token rows that passes through the base; every batch has the same shape. */
export interface TokenBatch {
  readonly rows: number;
  readonly length: number;
  /** `rows * length` ids. */
  readonly ids: ArrayLike<number>;
  /** Positions in each document. */
  readonly positions: ArrayLike<number>;
  /** Document of each token; tokens of document -1 are padding and are left out of what is observed. */
  readonly documents: ArrayLike<number>;
}

/**
 * Rows of `inFeatures` values that reach each site, batch after batch, by `siteKey`.
 *
 * @throws AttuneError `SHAPE_MISMATCH` for batches of several shapes, `INPUT_INVALID` for a site that takes ids
 */
export async function* observeInputs(
  runtime: Runtime,
  model: Model,
  sites: readonly SiteDescription[],
  batches: AsyncIterable<TokenBatch> | Iterable<TokenBatch>,
): AsyncGenerator<ReadonlyMap<string, Float32Array>> {
  const wanted = new Set(sites.map(siteKey));
  let program: Program | undefined;
  let shape: readonly [number, number] | undefined;
  try {
    for await (const { rows, length, ids, positions, documents } of batches) {
      if (shape === undefined) {
        shape = [rows, length];
        program = await runtime.compile((trace) => traceInputs(trace, model, wanted, [rows, length]));
      }
      if (rows !== shape[0] || length !== shape[1]) {
        throw new AttuneError(
          "SHAPE_MISMATCH",
          `Expected every batch to be [${shape.join(", ")}], got [${rows}, ${length}].`,
        );
      }
      const outputs = await program!.run({ ids, positions, documents });
      const entries = sites.map((site) => {
        const values = outputs[siteKey(site)] as Float32Array;
        return [siteKey(site), withoutPadding(values, documents)] as const;
      });
      yield new Map(entries);
    }
  } finally {
    program?.dispose();
  }
}

function traceInputs(trace: Trace, model: Model, wanted: ReadonlySet<string>, shape: readonly [number, number]): void {
  const input = (name: string): Tensor => trace.input(name, tensorType(shape, "i32"));
  const observe: SiteVisitor = (crossing, next) => {
    const { x } = crossing;
    const key = siteKey(crossing);
    if (wanted.has(key)) {
      if (x.type.dtype !== "f32")
        throw new AttuneError("INPUT_INVALID", `Site "${crossing.name}" takes ids; it has no input activations.`);
      trace.output(key, reshape(x, [elementCount(shape), elementCount(x.shape) / elementCount(shape)]));
    }
    return next();
  };
  const scope = modelScope(trace, model, [observe]);
  const context = { ids: input("ids"), positions: input("positions"), documents: input("documents") };
  const hidden = forwardHidden(model, scope, context);
  if ([...wanted].some((key) => key.startsWith("head "))) model.family.head(scope, model.config, hidden);
}

function withoutPadding(values: Float32Array, documents: ArrayLike<number>): Float32Array {
  const width = values.length / documents.length;
  const kept = Array.from(documents).flatMap((document, row) => (document < 0 ? [] : [row]));
  const result = new Float32Array(kept.length * width);
  kept.forEach((row, index) => {
    result.set(values.subarray(row * width, (row + 1) * width), index * width);
  });
  return result;
}
