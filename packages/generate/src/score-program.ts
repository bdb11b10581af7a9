import { type AttentionCall, forwardHidden, type Model, modelScope, rowChunks, type SiteVisitor } from "@attune/models";
import {
  add,
  applyOp,
  argMax,
  attention,
  attentionOp,
  concat,
  crossEntropy,
  maximum,
  mul,
  reshape,
  sigmoid,
  slice,
  split,
  sub,
  type Tensor,
  type Trace,
  tensorType,
  transpose,
} from "@attune/tensor-core";
import { rotaryInputs } from "./rotary-inputs.ts";

/** Sizes of one program. */
export interface ScoreShape {
  /** Tokens of documents. */
  readonly tokens: number;
  /** Tokens of branches, which stand after them in the same row. */
  readonly branchTokens: number;
  /** Logits rows. */
  readonly targets: number;
}

/** Logits of at most this many bytes exist at once. */
const chunkBytes = 16 * 2 ** 20;

/**
 * Traces the scoring of one packed row. Inputs: ids, positions and documents `i32 [1, tokens + branchTokens]`, parents
 * `i32 [1, branchTokens]` (each branch token's document), rows and targets `i32 [targets]`. Outputs, one a target: `loss`
 * `f32` (-ln p) and `best` `i32` (the likeliest id).
 */
export function traceScores(trace: Trace, model: Model, visitors: readonly SiteVisitor[], shape: ScoreShape): void {
  const all = shape.tokens + shape.branchTokens;
  const row = tensorType([1, all], "i32");
  const scope = modelScope(trace, model, visitors);
  const documents = trace.input("documents", row);
  const positions = trace.input("positions", row);
  const attend = shape.branchTokens === 0 ? undefined : branchAttention(trace, shape, documents, positions);
  const size = tensorType([shape.targets], "i32");
  const hidden = forwardHidden(model, scope, {
    ids: trace.input("ids", row),
    positions,
    documents,
    rows: trace.input("rows", size),
    ...(attend ? { attend } : {}),
    ...rotaryInputs(trace, model, all),
  });
  const sizes = rowChunks(shape.targets, model.config.vocabularySize, chunkBytes);
  const chunksOf = (x: Tensor): readonly Tensor[] => (sizes.length === 1 ? [x] : split(x, { axis: 0, sizes }));
  const targets = chunksOf(trace.input("targets", size));
  const scored = chunksOf(hidden).map((chunk, index) => {
    const logits = model.family.head(scope, model.config, chunk);
    return { loss: crossEntropy(logits, targets[index]!)[0], best: argMax(logits) };
  });
  trace.output(
    "loss",
    concat(
      scored.map(({ loss }) => loss),
      0,
    ),
  );
  trace.output(
    "best",
    concat(
      scored.map(({ best }) => best),
      0,
    ),
  );
}

/**
 * Documents see themselves. A branch sees its document and itself: two attentions, joined by their log-sum-exps,
 * o = o₁ + σ(l₂ - l₁) · (o₂ - o₁).
 */
function branchAttention(
  trace: Trace,
  shape: ScoreShape,
  documents: Tensor,
  positions: Tensor,
): (call: AttentionCall) => Tensor {
  const { tokens, branchTokens } = shape;
  const parts = (x: Tensor): readonly [Tensor, Tensor] => [
    slice(x, { axis: 1, start: 0, length: tokens }),
    slice(x, { axis: 1, start: tokens, length: branchTokens }),
  ];
  const parents = trace.input("parents", tensorType([1, branchTokens], "i32"));
  const [ownDocuments, branches] = parts(documents);
  const [keyPositions, queryPositions] = parts(positions);
  return (call) => {
    const [[q, branchQ], [k, branchK], [v, branchV]] = [parts(call.q), parts(call.k), parts(call.v)];
    const { scale, window } = call;
    const whole = attention(
      { q, k, v },
      { causal: true, scale, window, queryDocuments: ownDocuments, keyDocuments: ownDocuments },
    );
    const prompt = attentionParts(
      [branchQ, k, v],
      scale,
      window,
      [parents, ownDocuments],
      window > 0 ? [queryPositions, keyPositions] : [],
    );
    const self = attentionParts([branchQ, branchK, branchV], scale, window, [branches, branches], [], true);
    const share = sigmoid(sub(self.logSum, prompt.logSum));
    return concat([whole, add(prompt.output, mul(share, sub(self.output, prompt.output)))], 1);
  };
}

interface AttentionParts {
  readonly output: Tensor;
  /** `[1, T, heads, 1]`; very small where nothing is seen. */
  readonly logSum: Tensor;
}

function attentionParts(
  operands: readonly Tensor[],
  scale: number,
  window: number,
  documents: readonly Tensor[],
  positions: readonly Tensor[],
  causal: boolean = positions.length > 0,
): AttentionParts {
  const extras = [
    "queryDocuments",
    "keyDocuments",
    ...(positions.length > 0 ? ["queryPositions", "keyPositions"] : []),
  ] as const;
  const attributes = { causal, scale, window, softcap: 0, extras: extras as never };
  const [output, logSum] = applyOp(attentionOp, [...operands, ...documents, ...positions], attributes);
  const [, tokens, heads] = operands[0]!.shape as [number, number, number];
  const byToken = reshape(transpose(logSum!, [0, 2, 1]), [1, tokens, heads, 1]);
  return { output: output!, logSum: maximum(byToken, -1e30) };
}
