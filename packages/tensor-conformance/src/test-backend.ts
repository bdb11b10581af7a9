// The suite that every backend passes.
import { AttuneError } from "@attune/spec";
import {
  type Backend,
  coreOps,
  createRuntime,
  errorBounds,
  type HostValues,
  isPlain,
  type KernelDef,
  type OpDef,
  operandsOfProducts,
  type Program,
  type Runtime,
  type Trace,
} from "@attune/tensor-core";
import type { Conformance, ConformanceCase } from "./conformance-case.ts";
import { type CountedBackend, countAllocations } from "./count-allocations.ts";
import { exactGradients, exactOutputs } from "./interpret-sample.ts";
import { randomCases } from "./random/random-cases.ts";
import {
  type AnySample,
  cotangentValues,
  leafName,
  recordGradients,
  recordOutputs,
  sampleLeaves,
} from "./sample-program.ts";
import { exactInputs } from "./sample-values.ts";
import { assertClose, assertSameBits, programBound } from "./tolerance.ts";
import { trainingCases } from "./training-cases.ts";

/** What is checked beside the ops of tensor-core, and what is known to fail. */
export interface ConformanceOptions {
  /** Ops to check; those of tensor-core unless given. */
  readonly ops?: readonly OpDef[];
  /** Kernels of plugins, beside the backend's own. */
  readonly kernels?: readonly KernelDef[];
  /** Seeds of random programs. Default 1 to 20, and none where `ops` are given. */
  readonly seeds?: readonly number[];
  /** Known defects, public: `group` or `group: case` to the reason. They are left out. */
  readonly defects?: Readonly<Record<string, string>>;
}

const defaultSeeds: readonly number[] = Array.from({ length: 20 }, (_, index) => index + 1);

/**
 * Cases for a backend: every op sample against its float64 reference and twice to the same bits, its gradient against the
 * reference gradient, results written in place, random programs, training steps, and memory that returns to its baseline.
 *
 * @param createBackend - makes the backend that all cases share; made at the first case, disposed at the end
 */
export function testBackend(
  createBackend: () => Backend | Promise<Backend>,
  options: ConformanceOptions = {},
): Conformance {
  const { ops = coreOps, kernels, seeds = options.ops === undefined ? defaultSeeds : [], defects = {} } = options;
  let shared: Promise<{ backend: CountedBackend; runtime: Runtime }> | undefined;
  const open = async (): Promise<{ backend: CountedBackend; runtime: Runtime }> => {
    shared ??= (async () => {
      const backend = countAllocations(await createBackend());
      return { backend, runtime: createRuntime({ backend, kernels }) };
    })();
    return shared;
  };
  const runtimeOf = async (): Promise<Runtime> => (await open()).runtime;
  const cases = [
    ...ops.flatMap((op) => (op.samples?.() ?? []).flatMap((sample) => sampleCases(op, sample, runtimeOf))),
    ...randomCases(runtimeOf, seeds),
    ...trainingCases(runtimeOf),
    { group: "memory", name: "replaying a program allocates nothing", run: async () => checkReplay(await open()) },
    { group: "memory", name: "returns to its baseline", run: async () => checkBaseline(await open()) },
  ];
  return {
    cases: cases.filter(
      ({ group, name }) => defects[group] === undefined && defects[`${group}: ${name}`] === undefined,
    ),
    async dispose() {
      if (shared !== undefined) await (await shared).runtime.dispose();
      shared = undefined;
    },
  };
}

function sampleCases(op: OpDef, sample: AnySample, runtimeOf: () => Promise<Runtime>): ConformanceCase[] {
  const cases = [{ group: op.id, name: sample.name, run: async () => checkValues(op, sample, await runtimeOf()) }];
  if (sample.differentiable && sample.differentiable.length > 0) {
    cases.push({
      group: op.id,
      name: `gradient: ${sample.name}`,
      run: async () => checkGradients(op, sample, await runtimeOf()),
    });
  }
  for (const pair of op.inPlace ?? []) {
    if (!fitsInPlace(op, sample, pair)) continue;
    const name = `output ${pair.output} in place of input ${pair.input}: ${sample.name}`;
    cases.push({ group: op.id, name, run: async () => checkInPlace(op, sample, pair, await runtimeOf()) });
  }
  return cases;
}

/** Compiles a program over the sample's inputs, runs it twice to the same bits, and frees what it needed. */
async function runTwice(
  op: OpDef,
  sample: AnySample,
  runtime: Runtime,
  record: (trace: Trace) => void,
): Promise<Record<string, HostValues>> {
  const weights = sample.inputs.flatMap(({ type }, index) => (isPlain(type) ? [] : [leafName(sample, index)]));
  for (const name of weights) {
    const { type, values } = sample.inputs[Number(name.slice("weight".length))]!;
    await runtime.weights.set(name, type, values);
  }
  let program: Program | undefined;
  try {
    program = await runtime.compile(record);
    const given = programInputs(program, sample);
    const first = await program.run(given);
    const second = await program.run(given);
    for (const [name, values] of Object.entries(first))
      assertSameBits({ op: op.id, sample: sample.name, value: name }, values, second[name]!);
    return first;
  } finally {
    program?.dispose();
    for (const name of weights) runtime.weights.delete(name);
  }
}

function programInputs(program: Program, sample: AnySample): Record<string, ArrayLike<number>> {
  const inputs: Record<string, ArrayLike<number>> = {};
  for (const { name, type } of program.plan.inputs) {
    const index = Number(/\d+$/.exec(name)![0]);
    inputs[name] = name.startsWith("cotangent") ? cotangentValues(index, type.shape) : sample.inputs[index]!.values;
  }
  return inputs;
}

async function checkValues(op: OpDef, sample: AnySample, runtime: Runtime): Promise<void> {
  const exact = exactOutputs(op, sample, exactInputs(sample));
  const actual = await runTwice(op, sample, runtime, (trace) => recordOutputs(trace, op, sample));
  const bounds = boundsOf(op, sample, exact, runtime);
  exact.forEach((values, index) => {
    const subject = { op: op.id, sample: sample.name, value: `output ${index}` };
    assertClose(subject, actual[`output${index}`]!, values, bounds[index]!);
  });
}

function boundsOf(
  op: OpDef,
  sample: AnySample,
  exact: readonly Float64Array[],
  { backend }: Runtime,
): readonly Float64Array[] {
  const applied = { op, inputs: sample.inputs.map(({ type }) => type), attributes: sample.attributes };
  return errorBounds(applied, exactInputs(sample), exact, operandsOfProducts(backend.capabilities));
}

async function checkGradients(op: OpDef, sample: AnySample, runtime: Runtime): Promise<void> {
  const exact = exactGradients(op, sample, exactInputs(sample));
  const operands = operandsOfProducts(runtime.backend.capabilities);
  const actual = await runTwice(op, sample, runtime, (trace) => recordGradients(trace, op, sample));
  sample.differentiable!.forEach((input, position) => {
    const values = exact.values[position]!;
    const subject = { op: op.id, sample: sample.name, value: `the gradient of input ${input}` };
    assertClose(subject, actual[`gradient${input}`]!, values, programBound(exact.gathered, values, operands));
  });
}

interface Pair {
  readonly input: number;
  readonly output: number;
}

function fitsInPlace(op: OpDef, sample: AnySample, { input, output }: Pair): boolean {
  const types = sample.inputs.map(({ type }) => type);
  const [from, to] = [types[input], op.infer(types, sample.attributes)[output]];
  return (
    from !== undefined &&
    to !== undefined &&
    isPlain(from) &&
    from.dtype === to.dtype &&
    String(from.shape) === String(to.shape) &&
    !to.shape.includes(0)
  );
}

/** The input lies in State and is updated with the output; the new State is what the reference says. */
async function checkInPlace(op: OpDef, sample: AnySample, { input, output }: Pair, runtime: Runtime): Promise<void> {
  const { type, values } = sample.inputs[input]!;
  const exact = exactOutputs(op, sample, exactInputs(sample));
  await runtime.states.allocate("in place", values.length, type.dtype);
  let program: Program | undefined;
  try {
    await runtime.states.write("in place", hostValues(type.dtype, values));
    program = await runtime.compile((trace) => {
      const state = trace.state("in place", type);
      const operands = sampleLeaves(trace, sample).with(input, state);
      trace.update(state, trace.apply(op, operands, sample.attributes)[output]!);
    });
    await program.run(programInputs(program, sample));
    const subject = { op: op.id, sample: sample.name, value: `State over input ${input}` };
    const bounds = boundsOf(op, sample, exact, runtime);
    assertClose(subject, await runtime.states.read("in place"), exact[output]!, bounds[output]!);
  } finally {
    program?.dispose();
    runtime.states.free("in place");
  }
}

function hostValues(dtype: string, values: ArrayLike<number>): HostValues {
  return dtype === "f32"
    ? Float32Array.from(values)
    : dtype === "i32"
      ? Int32Array.from(values)
      : Uint32Array.from(values);
}

async function checkReplay({ backend, runtime }: { backend: CountedBackend; runtime: Runtime }): Promise<void> {
  const linear = coreOps.find((op) => op.id === "linear")!;
  const sample = linear.samples!().find((each) => (each.differentiable?.length ?? 0) > 1)!;
  const program = await runtime.compile((trace) => recordGradients(trace, linear, sample));
  const inputs = programInputs(program, sample);
  await program.run(inputs);
  const before = backend.allocations();
  for (let run = 0; run < 50; run++) await program.run(inputs);
  program.dispose();
  if (backend.allocations() !== before) {
    throw new AttuneError(
      "INTERNAL",
      `50 runs of a compiled program made ${backend.allocations() - before} allocations, expected none.`,
    );
  }
}

async function checkBaseline({ backend, runtime }: { backend: CountedBackend; runtime: Runtime }): Promise<void> {
  const { weights, state, arena, staging } = runtime.memory();
  const held = backend.heldBytes();
  if (weights !== 0 || state !== 0 || held !== arena + staging) {
    throw new AttuneError(
      "INTERNAL",
      `After all programs are disposed, weights hold ${weights} bytes, state ${state}, and the backend ${held} where arena and staging are ${arena + staging}.`,
    );
  }
}
