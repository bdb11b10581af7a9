import { gradients, type Runtime, type Tensor, type Trace, tensorType } from "@attune/tensor-core";
import {
  type ForwardContext,
  forwardHidden,
  languageModelLoss,
  type Model,
  modelScope,
  type SiteVisitor,
  shiftLabels,
} from "../../src/index.ts";
import type { GoldenCase } from "./fixtures.ts";
import { interpret } from "./interpret.ts";

/** Inputs of a pass by name. */
export function passInputs(golden: GoldenCase): Record<string, ArrayLike<number>> {
  const documents = golden.documents ?? golden.mask.map((seen) => (seen === 1 ? 0 : -1));
  const positions = golden.positions.map((position) => Math.max(0, position));
  return {
    ids: golden.ids,
    positions,
    documents,
    targets: shiftLabels(golden.labels, golden.tokens, golden.documents),
    denominator: [golden.labelsCounted],
  };
}

/** The same inputs in a trace. */
export function passContext(trace: Trace, rows: number, tokens: number): ForwardContext {
  const input = (name: string): Tensor => trace.input(name, tensorType([rows, tokens], "i32"));
  return { ids: input("ids"), positions: input("positions"), documents: input("documents") };
}

/** Options of one run of a case. */
export interface RunOptions {
  readonly gradients?: boolean;
  readonly recompute?: boolean;
  readonly chunkBytes?: number;
  readonly visitors?: readonly SiteVisitor[];
}

/** Loss, logits and gradients of a case in float64: outputs "loss", "rowLosses", "logits", "grad.<parameter>". */
export function runCase(
  runtime: Runtime,
  model: Model,
  golden: GoldenCase,
  options: RunOptions = {},
): Promise<Record<string, Float64Array>> {
  return interpret(runtime, (trace) => traceCase(trace, model, golden, options), passInputs(golden));
}

/** Traces the whole case. */
export function traceCase(
  trace: Trace,
  model: Model,
  { rows, tokens }: Pick<GoldenCase, "rows" | "tokens">,
  options: RunOptions = {},
): void {
  const scope = modelScope(trace, model, options.visitors);
  const hidden = forwardHidden(model, scope, passContext(trace, rows, tokens), {
    recompute: options.recompute ?? false,
  });
  const targets = trace.input("targets", tensorType([rows * tokens], "i32"));
  const denominator = trace.input("denominator", tensorType([1]));
  const { loss, rowLosses } = languageModelLoss(model, scope, {
    hidden,
    targets,
    denominator,
    chunkBytes: options.chunkBytes,
  });
  trace.output("loss", loss);
  trace.output("rowLosses", rowLosses);
  trace.output("logits", model.family.head(scope, model.config, hidden));
  if (!options.gradients) return;
  const wanted = model.trained.map(({ region, offset, shape }) => trace.state(region, tensorType(shape), offset));
  for (const [index, gradient] of gradients(loss, wanted).entries())
    trace.output(`grad.${model.trained[index]!.name}`, gradient);
}
