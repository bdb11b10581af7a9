/**
 * Conformance, leaks and speed of the WebGPU backend on the GPU of this machine, as one JSON document on stdout.
 *
 * node gpu-suite.ts [--adapter NAME] [--peak-tflops N] [--only conformance|speed|leak] [--flags backend=vulkan] > result.json
 *
 * `conformance.failed` has to be empty. A row of `speed` is the median of interleaved rounds; `share` is of the peak that was given. The
 * row "copy" moves bytes and nothing else: it is the control, and says what the device's memory gives. Exit code 1 if a case failed, 4
 * without a GPU.
 */
import { parseArgs } from "node:util";
import { createWebgpuBackend, dawnFlags } from "@attune/backend-webgpu";
import { AttuneError, errorExitCode } from "@attune/spec";
import { testBackend } from "@attune/tensor-conformance";
import { type Backend, createRuntime } from "@attune/tensor-core";
import { create } from "webgpu";
import { measureLeak } from "./measure-leak.ts";
import { measureSpeed } from "./measure-speed.ts";

const { values } = parseArgs({
  options: {
    adapter: { type: "string" },
    "peak-tflops": { type: "string" },
    only: { type: "string" },
    flags: { type: "string" },
  },
});
/** Flags of Dawn in place of the backend's own, for instance to choose the driver's interface. */
const gpu = values.flags === undefined ? undefined : create([...values.flags.split(","), ...dawnFlags]);
const open = (products: "f32" | "f16" = "f32"): Promise<Backend> =>
  createWebgpuBackend({ gpu, adapter: values.adapter, products });
const wanted = (part: string): boolean => values.only === undefined || values.only === part;
const progress = (sentence: string): void => void process.stderr.write(`${sentence}\n`);

async function conformance(): Promise<object> {
  const { cases, dispose } = testBackend(() => open());
  const failed: { readonly name: string; readonly reason: string }[] = [];
  for (const [index, { group, name, run }] of cases.entries()) {
    if (index % 100 === 0) progress(`conformance: ${index} of ${cases.length} cases, ${failed.length} failed`);
    try {
      await run();
    } catch (error) {
      failed.push({ name: `${group}: ${name}`, reason: error instanceof Error ? error.message : String(error) });
    }
  }
  await dispose();
  return { cases: cases.length, passed: cases.length - failed.length, failed };
}

try {
  const backend = await open();
  const { features, ...limits } = backend.capabilities;
  const device = { features: [...features].sort(), ...limits };
  await createRuntime({ backend }).dispose();
  const peak = values["peak-tflops"] === undefined ? undefined : Number(values["peak-tflops"]);
  const result = {
    date: new Date().toISOString(),
    node: process.version,
    platform: `${process.platform} ${process.arch}`,
    device,
    ...(wanted("conformance") ? { conformance: await conformance() } : {}),
    ...(wanted("leak") ? { leak: await measureLeak(await open(), progress) } : {}),
    ...(wanted("speed") ? { speed: await measureSpeed(open, peak, progress) } : {}),
  };
  process.stdout.write(`${JSON.stringify(result, null, 2)}\n`);
  const failed = (result as { conformance?: { failed: unknown[] } }).conformance?.failed.length ?? 0;
  process.exitCode = failed > 0 ? 1 : 0;
} catch (error) {
  if (!AttuneError.is(error)) throw error;
  process.stderr.write(
    `error: ${error.message} (${error.code})\n${error.hint === undefined ? "" : `hint: ${error.hint}\n`}`,
  );
  process.exitCode = errorExitCode(error.code);
}
// Dawn keeps the event loop alive for as long as its objects are reachable; what was written is on its way by then.
process.stdout.write("", () => process.exit());
