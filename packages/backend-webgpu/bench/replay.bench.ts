/**
 * What replaying a plan costs the CPU, and whether it leaves anything behind: a step of training of a small network, whose dispatches
 * Dawn's null backend takes and does not run. Prints microseconds of CPU time a dispatch beside a control that only sets a bind group and
 * dispatches, both in turns in one process, then resident memory over 10,000 steps. With --json one JSON document; --steps N.
 *
 * npm run bench -- backend-webgpu/bench/replay
 */
import { writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { createRuntime, type Trace } from "@attune/tensor-core";
import { create } from "webgpu";
import { createWebgpuBackend } from "../src/index.ts";
import { allocateStates, buildStep, stepInputs } from "../test/training-step.ts";

const { values } = parseArgs({ options: { steps: { type: "string", default: "10000" }, output: { type: "string" } } });
const gpu = create(["backend=null", "enable-dawn-features=allow_unsafe_apis"]);
const runtime = createRuntime({ backend: await createWebgpuBackend({ gpu }) });
await allocateStates(runtime);
const program = await runtime.compile((trace: Trace) => buildStep(trace));
const inputs = stepInputs();
const dispatches = program.plan.dispatches.reduce(
  (sum, { code }) => sum + (code?.backend === "webgpu" ? code.stages.length : 0),
  0,
);

/** A pass of as many dispatches of one pipeline and one bind group: what the front end takes at least. */
async function createControl(): Promise<() => Promise<void>> {
  const device = await (await gpu.requestAdapter())!.requestDevice();
  const module = device.createShaderModule({
    code: "@group(0) @binding(0) var<storage, read_write> y: array<f32>;\n@compute @workgroup_size(64) fn main() { y[0] = 1f; }",
  });
  const pipelines = ["a", "b"].map((label) =>
    device.createComputePipeline({ label, layout: "auto", compute: { module, entryPoint: "main" } }),
  );
  const buffer = device.createBuffer({ size: 256, usage: 128 });
  const groups = pipelines.map((pipeline) =>
    device.createBindGroup({ layout: pipeline.getBindGroupLayout(0), entries: [{ binding: 0, resource: { buffer } }] }),
  );
  return async () => {
    const encoder = device.createCommandEncoder();
    const pass = encoder.beginComputePass();
    for (let index = 0; index < dispatches; index++) {
      pass.setPipeline(pipelines[index & 1]!);
      pass.setBindGroup(0, groups[index & 1]!);
      pass.dispatchWorkgroups(1, 1, 1);
    }
    pass.end();
    device.queue.submit([encoder.finish()]);
    await device.queue.onSubmittedWorkDone();
  };
}

/** CPU time of this process for one call, in microseconds. */
async function cpuTime(run: () => Promise<unknown>): Promise<number> {
  const start = process.cpuUsage();
  await run();
  const { user, system } = process.cpuUsage(start);
  return user + system;
}

const control = await createControl();
const rows: { replay: number; control: number }[] = [];
for (let round = 0; round < 220; round++) {
  const row = { replay: await cpuTime(() => program.run(inputs)), control: await cpuTime(control) };
  if (round >= 20) rows.push(row);
}
const median = (numbers: number[]): number => numbers.sort((left, right) => left - right)[numbers.length >> 1]!;
const perDispatch = {
  replay: median(rows.map((row) => row.replay)) / dispatches,
  control: median(rows.map((row) => row.control)) / dispatches,
};

const steps = Number(values.steps);
/** Resident bytes once the engine has collected what it can: between collections wrappers of finished commands pile up. */
setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc") as () => void;
const residentBytes = (): number => {
  collect();
  return process.memoryUsage.rss();
};
const resident: number[] = [];
for (let step = 0; step < steps; step++) {
  if (step % Math.max(1, Math.floor(steps / 10)) === 0) resident.push(residentBytes());
  await program.run(inputs);
}
resident.push(residentBytes());
const half = resident.length >> 1;
const bytesPerStep = (resident.at(-1)! - resident[half]!) / (steps / 2);
const result = {
  node: process.version,
  dispatches,
  microsecondsPerDispatch: perDispatch,
  steps,
  resident,
  bytesPerStep,
};
if (values.output) writeFileSync(values.output, `${JSON.stringify(result, null, 2)}\n`);
process.stdout.write(`${JSON.stringify(result, null, 2)}\n`);
await runtime.dispose();
process.exit(0);
