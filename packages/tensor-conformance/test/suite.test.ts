// The suite has to fail where something is wrong: each defect is put in on purpose.
import { type Backend, coreOps, defineOp, mul, type OpDef, type Plan } from "@attune/tensor-core";
import { describe, expect, it } from "vitest";
import { type ConformanceCase, createStrictBackend, testBackend, testOps } from "../src/index.ts";

const opOf = (id: string): OpDef => coreOps.find((op) => op.id === id)!;
const sum = opOf("sum");

/** Names of the cases that fail. */
async function failures(cases: readonly ConformanceCase[]): Promise<string[]> {
  const failed: string[] = [];
  for (const { group, name, run } of cases) await run().catch(() => failed.push(`${group}: ${name}`));
  return failed;
}

/** A strict backend whose dispatches run other references. */
function backendWith(change: (op: OpDef) => OpDef): Backend {
  const backend = createStrictBackend({ maxBindings: 16 });
  const altered = (plan: Plan): Plan => ({
    ...plan,
    dispatches: plan.dispatches.map((each) => ({ ...each, op: change(each.op) })),
  });
  return { ...backend, compile: (plan) => backend.compile(altered(plan)) };
}

/** The reference's results, each multiplied by a factor. */
function scaled(op: OpDef, factor: () => number): OpDef {
  return {
    ...op,
    reference: (inputs, context) =>
      op.reference!(inputs, context).map((values) => values.map((value) => value * factor())),
  };
}

async function backendFailures(op: OpDef, createBackend: () => Backend): Promise<string[]> {
  const conformance = testBackend(createBackend, { ops: [op] });
  const failed = await failures(conformance.cases);
  await conformance.dispose();
  return failed;
}

describe("testOps fails for", () => {
  it("a wrong gradient", async () => {
    const wrong = { ...sum, vjp: (context: never) => sum.vjp!(context).map((part) => part && mul(part, 1.001)) };
    expect((await failures(testOps([wrong]))).every((name) => name.startsWith("sum: reference gradient"))).toBe(true);
    expect(await failures(testOps([wrong]))).not.toEqual([]);
    expect(await failures(testOps([sum]))).toEqual([]);
  });

  it("a decomposition that differs, and an op without samples", async () => {
    const gather = opOf("gatherRows");
    const wrong = {
      ...gather,
      decompose: (inputs: never, attributes: never) =>
        gather.decompose!(inputs, attributes).map((each) => mul(each, 2)),
    };
    expect(await failures(testOps([wrong]))).toContain("gatherRows: reference: repeated rows");
    const bare = defineOp({ id: "bare", infer: ([x]) => [x!], reference: ([x]) => [x!] });
    expect(await failures(testOps([bare]))).toEqual(["bare: has samples"]);
  });
});

describe("testBackend fails for", () => {
  const softmax = opOf("softmax");
  const onSoftmax = (change: (op: OpDef) => OpDef) => () =>
    backendWith((op) => (op.id === "softmax" ? change(op) : op));

  it("values off by a few parts in a hundred thousand", async () => {
    const failed = await backendFailures(
      softmax,
      onSoftmax((op) => scaled(op, () => 1 + 2e-5)),
    );
    expect(failed).toContain("softmax: rows");
    expect(failed).toContain("softmax: output 0 in place of input 0: rows");
  });

  it("bits that change from run to run", async () => {
    let run = 0;
    const failed = await backendFailures(
      softmax,
      onSoftmax((op) => scaled(op, () => 1 + (run++ % 5) * 2 ** -23)),
    );
    expect(failed).toContain("softmax: rows");
  });

  it("a product that is off by a part in ten thousand, inside random programs", async () => {
    const programs = async (change: (op: OpDef) => OpDef): Promise<string[]> => {
      const conformance = testBackend(() => backendWith(change), { ops: [], seeds: [9, 14, 16, 18] });
      const failed = await failures(conformance.cases.filter(({ group }) => group === "random programs"));
      await conformance.dispose();
      return failed;
    };
    const wrong = (op: OpDef): OpDef => (op.id === "linear" ? scaled(op, () => 1 + 1e-4) : op);
    expect(await programs(wrong)).toHaveLength(4);
    expect(await programs((op) => op)).toEqual([]);
  });

  it("nothing where all is well", async () => {
    expect(await backendFailures(softmax, () => createStrictBackend({ maxBindings: 16 }))).toEqual([]);
  });

  it("no known defect, which it leaves out", () => {
    const all = testBackend(() => createStrictBackend(), { ops: [softmax] }).cases.length;
    const some = testBackend(() => createStrictBackend(), {
      ops: [softmax],
      defects: { "softmax: rows": "for this test", training: "for this test" },
    });
    expect(some.cases.length).toBe(all - 4);
  });
});
