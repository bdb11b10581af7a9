/**
 * Conformance, leaks and speed of the WebGPU backend on the GPU of this machine, as one JSON document on stdout.
 *
 * node gpu-suite.ts [--adapter NAME] [--peak-tflops N] [--only conformance|speed|leak] [--flags backend=vulkan] > result.json
 *
 * `conformance.failed` and `conformanceF16.failed` have to be empty. A row of `speed` is the median of interleaved rounds; `share` is of the peak that was given. The
 * row "copy" moves bytes and nothing else: it is the control, and says what the device's memory gives. Exit code 1 if a case failed, 4
 * without a GPU.
 */
import { parseArgs } from "node:util";
import { createWebgpuBackend } from "@attune/backend-webgpu";
import { AttuneError, errorExitCode } from "@attune/spec";
import { testBackend } from "@attune/tensor-conformance";
import { type Backend, createRuntime, operandsOfProducts } from "@attune/tensor-core";
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
/** Flags of Dawn beside the backend's own, for instance to choose the driver's interface. */
const flags = values.flags?.split(",");
/** What the backend does otherwise than asked for: variants of shaders that failed their self-test. */
const notices = new Set<string>();
const onNotice = (sentence: string): void => void notices.add(sentence);
const open = (products: "f32" | "f16" = "f32"): Promise<Backend> =>
  createWebgpuBackend({ flags, adapter: values.adapter, products, onNotice });
const wanted = (part: string): boolean => values.only === undefined || values.only === part;
const progress = (sentence: string): void => void process.stderr.write(`${sentence}\n`);

interface ConformanceResult {
  readonly cases: number;
  readonly passed: number;
  readonly failed: readonly { readonly name: string; readonly reason: string }[];
}

async function conformance(products: "f32" | "f16"): Promise<ConformanceResult> {
  const { cases, dispose } = testBackend(() => open(products));
  const failed: { readonly name: string; readonly reason: string }[] = [];
  for (const [index, { group, name, run }] of cases.entries()) {
    if (index % 100 === 0)
      progress(`conformance in ${products}: ${index} of ${cases.length} cases, ${failed.length} failed`);
    try {
      await run();
    } catch (error) {
      failed.push({ name: `${group}: ${name}`, reason: error instanceof Error ? error.message : String(error) });
    }
  }
  await dispose();
  return { cases: cases.length, passed: cases.length - failed.length, failed };
}

/** Once with products in f32, and once in f16 where the device has it and passed its self-test. */
async function allConformance(): Promise<Record<string, ConformanceResult>> {
  const half = await open("f16");
  const hasHalf = operandsOfProducts(half.capabilities) === "f16";
  await half.dispose();
  return { conformance: await conformance("f32"), ...(hasHalf ? { conformanceF16: await conformance("f16") } : {}) };
}

try {
  const backend = await open();
  const { features, ...limits } = backend.capabilities;
  const device = { features: [...features].sort(), ...limits };
  await createRuntime({ backend }).dispose();
  const peak = values["peak-tflops"] === undefined ? undefined : Number(values["peak-tflops"]);
  const checked = wanted("conformance") ? await allConformance() : {};
  const result = {
    date: new Date().toISOString(),
    node: process.version,
    platform: `${process.platform} ${process.arch}`,
    device,
    ...checked,
    ...(wanted("leak") ? { leak: await measureLeak(await open(), progress) } : {}),
    ...(wanted("speed") ? { speed: await measureSpeed(open, peak, progress) } : {}),
    notices: [...notices],
  };
  process.stdout.write(`${JSON.stringify(result, null, 2)}\n`);
  process.exitCode = Object.values(checked).some(({ failed }) => failed.length > 0) ? 1 : 0;
} catch (error) {
  if (!AttuneError.is(error)) throw error;
  process.stderr.write(
    `error: ${error.message} (${error.code})\n${error.hint === undefined ? "" : `hint: ${error.hint}\n`}`,
  );
  process.exitCode = errorExitCode(error.code);
}
// Dawn keeps the event loop alive for as long as its objects are reachable; what was written is on its way by then.
process.stdout.write("", () => process.exit());
