import { gradients, type Trace, tensorType } from "@attune/tensor-core";
import { describe, expect, it } from "vitest";
import {
  forwardHidden,
  languageModelLoss,
  loadModel,
  modelScope,
  type SiteVisitor,
  shiftLabels,
} from "../src/index.ts";
import { rowChunks } from "../src/language-model-loss.ts";
import { type GoldenCase, goldenCases, variantFolder } from "./support/fixtures.ts";
import { interpret, memoryRuntime } from "./support/interpret.ts";
import { passContext, passInputs, runCase, traceCase } from "./support/run-case.ts";

// Everything here is float64 on both sides, so that only the order of sums differs.
function expectClose(
  actual: Record<string, Float64Array>,
  expected: Record<string, Float64Array>,
  names: readonly string[],
): void {
  for (const name of names) {
    const scale = Math.max(...expected[name]!.map(Math.abs));
    expected[name]!.forEach((value, index) => {
      if (Math.abs(actual[name]![index]! - value) > 1e-12 * scale)
        expect(`${name}[${index}] ${actual[name]![index]}`).toBe(value);
    });
  }
}

const load = async (trainable: "all" | undefined = "all") => {
  const runtime = memoryRuntime();
  return { runtime, model: await loadModel(runtime, variantFolder("mha-tied"), { trainable }) };
};

const caseOf = async (name: string): Promise<GoldenCase> =>
  (await goldenCases("mha-tied")).find((golden) => golden.name === name)!;

const gradientNames = (outputs: Record<string, Float64Array>): string[] =>
  Object.keys(outputs).filter((name) => name.startsWith("grad."));

describe("a model", () => {
  it("gives the same loss and gradients for packed documents as for each alone", async () => {
    const { runtime, model } = await load();
    const packed = await caseOf("packed");
    const whole = await runCase(runtime, model, packed, { gradients: true });
    const sums: Record<string, Float64Array> = {};
    for (const document of new Set(packed.documents)) {
      const positions = [...packed.documents!.keys()].filter((index) => packed.documents![index] === document);
      const take = (values: Int32Array): Int32Array => Int32Array.from(positions, (index) => values[index]!);
      const alone = {
        ...packed,
        tokens: positions.length,
        documents: undefined,
        ids: take(packed.ids),
        mask: take(packed.mask),
        positions: take(packed.positions),
        labels: take(packed.labels),
      };
      const outputs = await runCase(runtime, model, alone, { gradients: true });
      for (const name of ["loss", ...gradientNames(outputs)]) {
        sums[name] = outputs[name]!.map((value, index) => value + (sums[name]?.[index] ?? 0));
      }
    }
    expect(gradientNames(whole)).toHaveLength(model.trained.length);
    expectClose(sums, whole, ["loss", ...gradientNames(whole)]);
  });

  it("gives the same gradients when rows are accumulated one by one, whatever the chunks of the head", async () => {
    const { runtime, model } = await load();
    const batch = await caseOf("batch");
    const whole = await runCase(runtime, model, batch, { gradients: true, chunkBytes: 16 * 2 ** 20 });
    expectClose(await runCase(runtime, model, batch, { gradients: true, chunkBytes: 1 }), whole, Object.keys(whole));
    const sums: Record<string, Float64Array> = {};
    for (let row = 0; row < batch.rows; row++) {
      const take = (values: Int32Array): Int32Array => values.slice(row * batch.tokens, (row + 1) * batch.tokens);
      const one = {
        ...batch,
        rows: 1,
        ids: take(batch.ids),
        mask: take(batch.mask),
        positions: take(batch.positions),
        labels: take(batch.labels),
      };
      const outputs = await runCase(runtime, model, one, { gradients: true });
      for (const name of ["loss", ...gradientNames(outputs)]) {
        sums[name] = outputs[name]!.map((value, index) => value + (sums[name]?.[index] ?? 0));
      }
    }
    expectClose(sums, whole, ["loss", ...gradientNames(whole)]);
  });

  it("plans recomputed blocks with less memory and the same gradients", async () => {
    const { runtime, model } = await load();
    const batch = await caseOf("batch");
    const plain = await runCase(runtime, model, batch, { gradients: true });
    expectClose(await runCase(runtime, model, batch, { gradients: true, recompute: true }), plain, Object.keys(plain));
    const arena = (recompute: boolean): number =>
      runtime.plan((trace) =>
        traceCase(trace, model, { rows: 4, tokens: 64 }, { gradients: true, recompute, chunkBytes: 2048 }),
      ).memory.arena;
    expect(arena(true)).toBeLessThan(0.8 * arena(false));
  });
});

describe("languageModelLoss", () => {
  it.each([false, true])(
    "never holds the whole logits, forward or backward (head trained: %s)",
    async (headTrained) => {
      const { runtime, model } = await load();
      const [rows, tokens, chunkRows] = [8, 128, 64];
      const trained = model.trained.filter(({ role }) => role === "norm" || (headTrained && role === "embedding"));
      const plan = runtime.plan((trace) => {
        const scope = modelScope(trace, model);
        const hidden = forwardHidden(model, scope, passContext(trace, rows, tokens), { recompute: true });
        const { loss } = languageModelLoss(model, scope, {
          hidden,
          targets: trace.input("targets", tensorType([rows * tokens], "i32")),
          denominator: trace.input("denominator", tensorType([1])),
          chunkBytes: chunkRows * model.config.vocabularySize * 4,
        });
        trace.output("loss", loss);
        const wanted = trained.map(({ region, offset, shape }) => trace.state(region, tensorType(shape), offset));
        for (const [index, gradient] of gradients(loss, wanted).entries()) trace.output(`${index}`, gradient);
      });
      let alive = 0;
      let most = 0;
      for (const { op, outputs } of plan.dispatches) {
        if (op.id === "crossEntropy") most = Math.max(most, ++alive);
        if (op.id === "crossEntropyBackward") {
          expect(outputs[0]!.shape[0]).toBe(chunkRows);
          alive--;
        }
      }
      expect(alive).toBe(0);
      expect(most).toBeLessThanOrEqual(3);
      const chunk = chunkRows * model.config.vocabularySize * 4;
      const logitsSlots = plan.dispatches.flatMap(({ op, bindings, inputs }) =>
        op.id === "crossEntropyBackward" ? [bindings.find(({ operand }) => operand === inputs.length)!.offset] : [],
      );
      expect(logitsSlots).toHaveLength((rows * tokens) / chunkRows);
      expect((Math.max(...logitsSlots) - Math.min(...logitsSlots)) / chunk).toBeLessThan(4);
    },
  );

  it("weights rows, leaves rows out, and computes only the rows it is told of behind the last attention", async () => {
    const { runtime, model } = await load();
    const batch = await caseOf("batch");
    const count = batch.rows * batch.tokens;
    const inputs: Record<string, ArrayLike<number>> = { ...passInputs(batch), denominator: [7] };
    const targets = inputs["targets"] as Int32Array;
    const weights = Float32Array.from({ length: count }, (_, row) => (row % 5) / 2);
    const run = async (chosen: readonly number[] | undefined, of = model, recompute = false) => {
      const size = chosen?.length ?? count;
      const tensor = (trace: Trace, name: string) => trace.input(name, tensorType([size], "i32"));
      const shapes: Record<string, readonly number[]> = {};
      const observe: SiteVisitor = ({ name, x }, next) => {
        shapes[name] = x.shape;
        return next();
      };
      const build = (trace: Trace): void => {
        const scope = modelScope(trace, of, [observe]);
        const context = passContext(trace, batch.rows, batch.tokens);
        const rows = chosen === undefined ? undefined : tensor(trace, "rows");
        const hidden = forwardHidden(of, scope, { ...context, rows }, { recompute });
        const { loss, rowLosses } = languageModelLoss(of, scope, {
          hidden,
          targets: tensor(trace, "targets"),
          weights: trace.input("weights", tensorType([size])),
          denominator: trace.input("denominator", tensorType([1])),
          chunkBytes: 6144,
        });
        trace.output("loss", loss);
        trace.output("rowLosses", rowLosses);
        const wanted = of.trained.map(({ region, offset, shape }) => trace.state(region, tensorType(shape), offset));
        for (const [index, gradient] of gradients(loss, wanted).entries())
          trace.output(`grad.${of.trained[index]!.name}`, gradient);
      };
      const rows = chosen ?? [...targets.keys()];
      // A row of zeros, -1, has no target.
      const given = {
        rows,
        targets: rows.map((row) => targets[row] ?? -100),
        weights: rows.map((row) => weights[row] ?? 0),
      };
      return { outputs: await interpret(runtime, build, { ...inputs, ...given }), shapes };
    };
    const all = await run(undefined);
    const expected = all.outputs["rowLosses"]!.reduce((sum, loss, row) => sum + loss * weights[row]!, 0) / 7;
    expect(all.outputs["loss"]![0]).toBeCloseTo(expected, 12);
    expect([...all.outputs["rowLosses"]!].map((loss) => loss === 0)).toEqual([...targets].map((each) => each === -100));

    const rows = [...[...targets.keys()].filter((row) => targets[row] !== -100), -1];
    const names = ["loss", ...gradientNames(all.outputs)];
    const last = model.config.blockCount - 1;
    const whole = [batch.rows, batch.tokens];
    for (const recompute of [false, true]) {
      const some = await run(rows, model, recompute);
      expectClose(some.outputs, all.outputs, names);
      expect(some.shapes[`model.layers.${last}.self_attn.o_proj`]!.slice(0, -1)).toEqual(whole);
      expect(some.shapes[`model.layers.${last}.mlp.gate_proj`]!.slice(0, -1)).toEqual([rows.length]);
      expect(some.shapes["model.layers.0.mlp.gate_proj"]!.slice(0, -1)).toEqual(whole);
    }
    const { family } = model;
    const heedless: typeof family = {
      ...family,
      block: (scope, config, index, x) =>
        family.block(scope.during({ ...scope.context!, rows: undefined }), config, index, x),
    };
    const some = await run(rows, { ...model, family: heedless });
    expectClose(some.outputs, all.outputs, names);
    expect(some.shapes["model.norm"]!.slice(0, -1)).toEqual([rows.length]);
  });

  it("cuts rows into equal chunks of whole tiles", () => {
    expect(rowChunks(100, 1000, 16 * 2 ** 20)).toEqual([100]);
    expect(rowChunks(5000, 8192, 16 * 2 ** 20)).toEqual([...new Array(9).fill(512), 392]);
    expect(rowChunks(40, 2 ** 20, 1)).toEqual([16, 16, 8]);
    expect(rowChunks(600, 8192, 16 * 2 ** 20)).toEqual([304, 296]);
  });
});

describe("shiftLabels", () => {
  it("moves labels one back, never across rows or documents", () => {
    expect([...shiftLabels([10, 11, 12, 20, 21, 22], 3)]).toEqual([11, 12, -100, 21, 22, -100]);
    expect([...shiftLabels([1, 2, 3, 4, -100, 6], 6, [0, 0, 1, 1, 1, 1])]).toEqual([2, -100, 4, -100, 6, -100]);
  });
});
