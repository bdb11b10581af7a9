// What a training step over 4,096 tokens holds: never the whole logits, never a score for each pair of tokens.
import { createCpuBackend } from "@attune/backend-cpu";
import { createRuntime, elementCount, gradients, type Plan, type Trace, tensorType } from "@attune/tensor-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { forwardHidden, initialiseModel, languageModelLoss, type Model, modelScope } from "../src/index.ts";
import { passContext } from "./support/run-case.ts";

const [tokens, vocabulary, hidden, inner, heads] = [4096, 8192, 32, 64, 2];
const config = {
  architectures: ["LlamaForCausalLM"],
  vocab_size: vocabulary,
  hidden_size: hidden,
  intermediate_size: inner,
  num_hidden_layers: 2,
  num_attention_heads: heads,
  max_position_embeddings: tokens,
};
/** Elements of the largest value between layers: what the feed-forward layer widens the stream to. */
const widest = tokens * inner;
/** Elements of the logits that exist at a time: 16 MiB of them. */
const chunk = 2 ** 22;

function traceStep(trace: Trace, model: Model, recompute: boolean): void {
  const scope = modelScope(trace, model);
  const { loss } = languageModelLoss(model, scope, {
    hidden: forwardHidden(model, scope, passContext(trace, 1, tokens), { recompute }),
    targets: trace.input("targets", tensorType([tokens], "i32")),
    denominator: trace.input("denominator", tensorType([1])),
  });
  const wanted = model.trained.map(({ region, offset, shape }) => trace.state(region, tensorType(shape), offset));
  gradients(loss, wanted).forEach((gradient, index) => {
    trace.output(`gradient ${index}`, gradient);
  });
}

describe.each([false, true])("a step over 4,096 tokens, blocks recomputed: %s", (recompute) => {
  const runtime = createRuntime({ backend: createCpuBackend({ threads: 1, wide: false }) });
  afterAll(() => runtime.dispose());
  let plan: Plan;
  beforeAll(async () => {
    const model = await initialiseModel(runtime, config, { seed: 1, trainable: "all" });
    plan = runtime.plan((trace) => traceStep(trace, model, recompute));
  });

  it("has attention forward and backward as kernels of their own", () => {
    const ops = plan.dispatches.map(({ op }) => op.id).filter((id) => id.startsWith("attention"));
    expect(ops.sort()).toEqual(["attention", "attention", "attentionBackward", "attentionBackward"]);
  });

  it("holds no value as large as the logits or the scores of one head", () => {
    for (const { op, outputs } of plan.dispatches) {
      for (const { shape } of outputs) {
        expect(elementCount(shape), `${op.id} [${shape}]`).toBeLessThanOrEqual(Math.max(widest, chunk));
      }
    }
    expect(Math.max(widest, chunk)).toBeLessThan(Math.min(tokens * vocabulary, tokens * tokens));
  });

  it("needs an arena smaller than either", () => {
    expect(plan.memory.arena).toBeLessThan(4 * tokens * tokens);
  });
});
