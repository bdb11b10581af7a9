import { AttuneError } from "@attune/spec";
import {
  type Allocation,
  adamw,
  add,
  type Backend,
  type Binding,
  buildPlan,
  createRuntime,
  mul,
  type Plan,
  scatterRows,
  sum,
  Trace,
  tensorType,
} from "@attune/tensor-core";
import { expect, it } from "vitest";
import { createStrictBackend } from "../src/index.ts";

const vector = tensorType([64]);

/** A plan of two dispatches, (x + w) · x then a sum, with the bindings of one of them changed. */
function planWith(
  backend: Backend,
  dispatch: number,
  change: (binding: Binding, index: number) => Partial<Binding>,
): Plan {
  const trace = new Trace();
  const x = trace.input("x", vector);
  trace.output("y", sum(mul(add(x, trace.weight("w", vector)), x)));
  const plan = buildPlan(trace.finish(), { backend, kernels: [] });
  const dispatches = plan.dispatches.map((each, index) =>
    index === dispatch
      ? { ...each, bindings: each.bindings.map((binding, at) => ({ ...binding, ...change(binding, at) })) }
      : each,
  );
  return { ...plan, dispatches };
}

async function run(backend: Backend, plan: Plan, prepare?: (regions: Allocation[]) => Promise<void>): Promise<void> {
  const regions: Allocation[] = [];
  for (const region of plan.regions) regions.push(await backend.allocate(region.role, 1024));
  for (const [index, region] of plan.regions.entries()) {
    if (region.role === "staging") await backend.write(regions[index]!, 0, new Uint8Array(256));
  }
  await prepare?.(regions);
  await (await backend.compile(plan)).run(regions);
}

async function violation(change: Parameters<typeof planWith>[2], dispatch = 0, options = {}): Promise<string> {
  const error = await run(createStrictBackend(options), planWith(createStrictBackend(), dispatch, change)).catch(
    (reason: unknown) => reason,
  );
  expect(AttuneError.is(error)).toBe(true);
  return (error as AttuneError).message;
}

it("runs a plan that keeps the rules", async () => {
  const backend = createStrictBackend();
  const plan = planWith(backend, 0, () => ({}));
  const [x, y] = [plan.inputs[0]!.addresses[0]!, plan.outputs[0]!.addresses[0]!];
  const weights = plan.regions.findIndex(({ role }) => role === "weights");
  const numbers = Float32Array.from({ length: 64 }, (_, index) => index);
  let bound: Allocation[] = [];
  await run(backend, plan, async (regions) => {
    bound = regions;
    await backend.write(regions[x.region]!, x.offset, new Uint8Array(numbers.buffer));
    await backend.write(regions[weights]!, 0, new Uint8Array(new Float32Array(64).fill(2).buffer));
  });
  const bytes = await backend.read(bound[y.region]!, y.offset, 4);
  // Σ (x + 2) x for x from 0 to 63.
  expect(new Float32Array(bytes.buffer, bytes.byteOffset, 1)[0]).toBe(85_344 + 2 * 2_016);
});

it("names the dispatch and the rule it breaks", async () => {
  expect(await violation((binding) => (binding.operand === 0 ? { offset: 64, bytes: 64 } : {}))).toBe(
    'Dispatch 0 ("pointwise") binds bytes 64 to 128 of staging, which start at no multiple of 256.',
  );
  expect(await violation(() => ({}), 0, { maxBindingBytes: 128 })).toContain("more than 128 bytes");
  expect(await violation(() => ({}), 0, { maxBindings: 2 })).toBe(
    'Dispatch 0 ("pointwise") binds 3 ranges, more than 2.',
  );
  expect(await violation((binding) => (binding.operand === 0 ? { offset: 1024 } : {}))).toContain(
    "which has 1024 bytes",
  );
  expect(await violation((_, at) => (at === 1 ? { access: "write" } : {}))).toContain("which are read-only");
});

it("refuses an arena range that nothing wrote in this run", async () => {
  expect(await violation((binding) => (binding.operand === 0 ? { offset: 512, bytes: 256 } : {}), 1)).toBe(
    'Dispatch 1 ("sum") reads byte 512 of arena as input 0, which nothing has written in this run.',
  );
});

it("refuses overlapping ranges of a buffer that is written", async () => {
  const backend = createStrictBackend({ alignment: 4 });
  const plan = planWith(backend, 1, (binding) => (binding.operand === 1 ? { region: 1, offset: 128 } : {}));
  const arena = plan.dispatches[1]!.bindings[0]!.region;
  const moved = {
    ...plan,
    dispatches: plan.dispatches.map((each, index) =>
      index === 1
        ? {
            ...each,
            bindings: each.bindings.map((binding) => (binding.operand === 1 ? { ...binding, region: arena } : binding)),
          }
        : each,
    ),
  };
  await expect(run(backend, moved)).rejects.toThrow(/overlapping ranges of arena, 0 to 256 and 128 to 132, read-write/);
});

it("refuses one range as input and output unless the op declares it", async () => {
  const backend = createStrictBackend();
  const trace = new Trace();
  const x = trace.state("s", tensorType([1]));
  trace.update(x, sum(x, { axes: [0], keepDims: true }));
  const plan = buildPlan(trace.finish(), { backend, kernels: [] });
  const [only] = plan.dispatches;
  const [read] = only!.bindings;
  const shared = {
    ...plan,
    dispatches: [
      {
        ...only!,
        bindings: only!.bindings.map((binding) => ({ ...binding, region: read!.region, offset: read!.offset })),
      },
    ],
  };
  await expect(run(backend, shared)).rejects.toThrow(/input 0 and output 0 to the same range/);
});

it("says what memory was asked for, and refuses freed allocations", async () => {
  const backend = createStrictBackend({ maxAllocationBytes: 1000, maxBytes: 1500 });
  await expect(backend.allocate("state", 1004)).rejects.toMatchObject({ code: "MEMORY_EXCEEDED" });
  const first = await backend.allocate("state", 1000);
  await expect(backend.allocate("state", 600)).rejects.toThrow(/500 are left/);
  backend.free(first);
  await backend.allocate("state", 1000);
  await expect(backend.read(first, 0, 4)).rejects.toThrow(/after it was freed/);
  expect(() => backend.free(first)).toThrow(/after it was freed/);
});

it("updates State in place within eight bindings", async () => {
  const runtime = createRuntime({ backend: createStrictBackend() });
  for (const region of ["p", "m", "v", "cache"]) await runtime.states.allocate(region, 64);
  const program = await runtime.compile((trace) => {
    const [p, m, v] = [trace.state("p", vector), trace.state("m", vector), trace.state("v", vector)];
    const step = adamw(
      {
        parameters: p,
        gradient: trace.input("gradient", vector),
        firstMoment: m,
        secondMoment: v,
        hyper: trace.input("hyper", tensorType([1, 8])),
        apply: trace.input("apply", tensorType([1])),
      },
      { segments: [[0, 64, 0]] },
    );
    for (const [index, state] of [p, m, v].entries()) trace.update(state, step[index]!);
    const cache = trace.state("cache", tensorType([4, 16]));
    trace.update(
      cache,
      scatterRows(cache, trace.input("row", tensorType([1], "i32")), trace.input("values", tensorType([1, 16]))),
    );
  });
  expect(program.plan.dispatches.map(({ op }) => op.id).sort()).toEqual(["adamw", "scatterRows"]);
  const inputs = {
    gradient: new Float32Array(64).fill(1),
    hyper: [0.1, 0, 0, 0, 0, 1, 1, 1],
    apply: [1],
    row: [2],
    values: new Float32Array(16).fill(3),
  };
  await program.run(inputs);
  expect([...new Set(await runtime.states.read("p"))]).toEqual([Math.fround(-0.1)]);
  expect([...(await runtime.states.read("cache", 16, 32))]).toEqual([
    ...new Array(16).fill(0),
    ...new Array(16).fill(3),
  ]);
  await runtime.dispose();
});
