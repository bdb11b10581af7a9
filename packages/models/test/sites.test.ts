import { add, mul, type Tensor, Trace, tensorType } from "@attune/tensor-core";
import { describe, expect, it } from "vitest";
import {
  forwardLogits,
  listSites,
  llama,
  loadModel,
  type Model,
  modelScope,
  type SiteCrossing,
  type SiteVisitor,
} from "../src/index.ts";
import { variantFolder } from "./support/fixtures.ts";
import { interpret, memoryRuntime } from "./support/interpret.ts";
import { passContext } from "./support/run-case.ts";

const inputs = { ids: [5, 9, 3], positions: [0, 1, 2], documents: [0, 0, 0] };

async function load(
  variant = "gqa",
): Promise<{ model: Model; logits: (...visitors: SiteVisitor[]) => Promise<Float64Array> }> {
  const runtime = memoryRuntime();
  const model = await loadModel(runtime, variantFolder(variant));
  const logits = async (...visitors: SiteVisitor[]): Promise<Float64Array> => {
    const build = (trace: Trace): void =>
      trace.output("logits", forwardLogits(model, modelScope(trace, model, visitors), passContext(trace, 1, 3)));
    return (await interpret(runtime, build, inputs))["logits"]!;
  };
  return { model, logits };
}

describe("sites", () => {
  it("are listed with kinds, names, sizes and parameters, in the order of the forward pass", async () => {
    const { config } = (await load("mqa-bias")).model;
    const sites = listSites(llama, config as never);
    const block = (index: number): string[] => [
      `norm model.layers.${index}.input_layernorm 32→32`,
      `subBlock model.layers.${index}.self_attn 32→32`,
      `linear model.layers.${index}.self_attn.q_proj 32→32`,
      `linear model.layers.${index}.self_attn.k_proj 32→8`,
      `linear model.layers.${index}.self_attn.v_proj 32→8`,
      `keyValue model.layers.${index}.self_attn key 8→8`,
      `keyValue model.layers.${index}.self_attn value 8→8`,
      `linear model.layers.${index}.self_attn.o_proj 32→32`,
      `norm model.layers.${index}.post_attention_layernorm 32→32`,
      `subBlock model.layers.${index}.mlp 32→32`,
      `linear model.layers.${index}.mlp.gate_proj 32→40`,
      `linear model.layers.${index}.mlp.up_proj 32→40`,
      `activation model.layers.${index}.mlp.act_fn 40→40`,
      `linear model.layers.${index}.mlp.down_proj 40→32`,
    ];
    expect(
      sites.map(
        ({ kind, name, part, inFeatures, outFeatures }) =>
          `${kind} ${name}${part ? ` ${part}` : ""} ${inFeatures}→${outFeatures}`,
      ),
    ).toEqual([
      "embedding model.embed_tokens 96→32",
      "inputEmbeddings model 32→32",
      ...block(0),
      ...block(1),
      "norm model.norm 32→32",
      "head lm_head 32→96",
    ]);
    const query = sites.find(({ name }) => name.endsWith("0.self_attn.q_proj"))!;
    expect(query.parameters).toEqual({
      weight: { name: "model.layers.0.self_attn.q_proj.weight", shape: [32, 32] },
      bias: { name: "model.layers.0.self_attn.q_proj.bias", shape: [32] },
    });
    const tied = listSites(llama, (await load("mha-tied")).model.config as never);
    expect(tied.at(-1)!.parameters["weight"]!.name).toBe("model.embed_tokens.weight");
  });

  it("change nothing when they are only watched, in any number", async () => {
    const { logits } = await load();
    const watch: SiteVisitor = (_crossing, next) => next();
    expect(await logits(watch, watch)).toEqual(await logits());
  });

  it("let visitors replace inputs, parameters and results, the first outermost", async () => {
    const { logits } = await load();
    const at =
      (name: string, visit: SiteVisitor): SiteVisitor =>
      (crossing, next) =>
        crossing.name === name ? visit(crossing, next) : next();
    const head = (visit: SiteVisitor): SiteVisitor => at("lm_head", visit);
    const plain = await logits();
    const doubled = plain.map((logit) => 2 * logit);
    const close = (actual: Float64Array, expected: Float64Array): void =>
      expect(Math.max(...expected.map((value, index) => Math.abs(actual[index]! - value)))).toBeLessThan(1e-9);
    close(await logits(head((_, next) => mul(next(), 2))), doubled);
    close(await logits(head(({ x }, next) => next({ x: mul(x, 2) }))), doubled);
    close(
      await logits(
        head(({ parameters }, next) => next({ parameters: { weight: mul(parameters["weight"]!.read(), 2) } })),
      ),
      doubled,
    );
    const addOne = head((_, next) => add(next(), 1));
    const double = head((_, next) => mul(next(), 2));
    close(
      await logits(addOne, double),
      plain.map((logit) => 2 * logit + 1),
    );
    close(
      await logits(double, addOne),
      plain.map((logit) => 2 * (logit + 1)),
    );
    const replaceBias: SiteVisitor = head(({ x, trace }, next) =>
      next({ parameters: { bias: trace.weight("model.norm.weight", tensorType([x.shape.at(-1)!])) } }),
    );
    await expect(logits(replaceBias)).rejects.toMatchObject({ code: "SHAPE_MISMATCH" });
  });

  it("show a later visitor what an earlier one replaced", async () => {
    const { logits } = await load();
    const replaced: Tensor[] = [];
    const seen: Tensor[] = [];
    const replace: SiteVisitor = ({ name, x, parameters }, next) => {
      if (name !== "model.norm") return next();
      replaced.push(mul(parameters["weight"]!.read(), 0), mul(x, 3));
      return next({ x: replaced[1], parameters: { weight: replaced[0]! } });
    };
    const inspect: SiteVisitor = ({ name, parameters, x }, next) => {
      if (name === "model.norm") seen.push(parameters["weight"]!.read(), x);
      return next();
    };
    const zeros = await logits(replace, inspect);
    expect(seen.map(({ id }) => id)).toEqual(replaced.map(({ id }) => id));
    expect(zeros.every((logit) => logit === 0)).toBe(true);
  });

  it("give a sub-block its input, its output and the residual stream", async () => {
    const { logits } = await load();
    const skipAll: SiteVisitor = (crossing, next) => (crossing.kind === "subBlock" ? mul(next(), 0) : next());
    const bypass: SiteVisitor = (crossing, next) => (crossing.kind === "subBlock" ? sub0(crossing) : next());
    const sub0 = ({ residual }: SiteCrossing): Tensor => mul(residual!, 0);
    expect(await logits(skipAll)).toEqual(await logits(bypass));
  });

  it("read a parameter only when it is used, and lie in the scope of their path", async () => {
    const { model } = await load();
    const trace = new Trace();
    const ownWeight: SiteVisitor = ({ name, trace: own, parameters }, next) =>
      name.endsWith("q_proj")
        ? next({ parameters: { weight: own.weight(`mine ${name}`, tensorType(parameters["weight"]!.shape)) } })
        : next();
    forwardLogits(model, modelScope(trace, model, [ownWeight]), passContext(trace, 1, 3));
    const weights = trace.finish().values.flatMap(({ leaf }) => (leaf?.kind === "weight" ? [leaf.name] : []));
    expect(weights).toContain("mine model.layers.0.self_attn.q_proj");
    expect(weights).not.toContain("model.layers.0.self_attn.q_proj.weight");
    const scopes = new Map(trace.nodes.map((node) => [node.scope, node.op.id]));
    expect([...scopes.keys()]).toContain("model.layers.1.mlp.down_proj");
    expect([...scopes.keys()].filter((scope) => scope.split("model").length > 2)).toEqual([]);
    const streams: string[] = [];
    const draw: SiteVisitor = (crossing, next) => {
      if (crossing.kind === "linear") streams.push(crossing.trace.stream());
      return next();
    };
    const other = new Trace();
    other.scoped("rollout", () => forwardLogits(model, modelScope(other, model, [draw]), passContext(other, 1, 3)));
    expect(streams[0]).toBe("rollout.model.layers.0.self_attn.q_proj#0");
    expect(new Set(streams).size).toBe(14);
  });

  it("tell visitors which pass they belong to, and name what a model has not", async () => {
    const { model } = await load();
    const trace = new Trace();
    const context = passContext(trace, 1, 3);
    const contexts = new Set<unknown>();
    const record: SiteVisitor = (crossing, next) => {
      contexts.add(crossing.context);
      return next();
    };
    forwardLogits(model, modelScope(trace, model, [record]), context);
    expect([...contexts]).toEqual([context, undefined]);
    const scope = modelScope(trace, model);
    expect(() => scope.at("model.layers.7.mlp").parameter("weight", [1])).toThrow(
      'a parameter "model.layers.7.mlp.weight"',
    );
    expect(() => scope.at("model.norm").parameter("weight", [31])).toThrow(
      '"model.norm.weight" to be [31], but it is [32]',
    );
  });
});
