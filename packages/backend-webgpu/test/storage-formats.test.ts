// Products and embeddings over formats that a plugin brings: the kernels know nothing of them but their decode snippet.
import { checkStoredOp, nibbleBlocks, type StoredOperand, testStorageFormats } from "@attune/tensor-conformance";
import {
  type Attributes,
  createRandomSequence,
  createRuntime,
  embeddingOp,
  float32,
  linearOp,
  type OpDef,
  type Runtime,
  tensorType,
  type WebgpuKernelCode,
} from "@attune/tensor-core";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { createWebgpuBackend } from "../src/index.ts";
import { skipReason, softwareGpu } from "./open-test-device.ts";

vi.setConfig({ testTimeout: 300_000, hookTimeout: 300_000 });

const elements = (shape: readonly number[]): number => shape.reduce((product, size) => product * size, 1);

const random = createRandomSequence(5, "formats");
const floats = (shape: readonly number[]): Float32Array =>
  Float32Array.from({ length: elements(shape) }, () => 2 * random.normal());

describe.skipIf(skipReason !== undefined)(`on SwiftShader ${skipReason ?? ""}`, () => {
  let whole: Runtime;
  let windows: Runtime;
  beforeAll(async () => {
    const backend = await createWebgpuBackend({ gpu: softwareGpu() });
    whole = createRuntime({ backend });
    // The same device, said to bind no more than 64 KiB at once.
    windows = createRuntime({
      backend: { ...backend, capabilities: { ...backend.capabilities, maxBindingBytes: 65536 } },
    });
  });
  afterAll(() => whole.dispose());

  for (const { group, name, run } of testStorageFormats(() => whole)) it(`${group}: ${name}`, run);

  const linear = linearOp as unknown as OpDef;
  const plain = { transposeA: false, transposeB: true, bias: false, residual: false, activation: "" };

  /** Stages of an op that agrees with its reference. */
  async function check(
    op: OpDef,
    attributes: Attributes,
    inputs: readonly StoredOperand[],
    on = whole,
  ): Promise<number> {
    const plan = await checkStoredOp(on, op, attributes, inputs);
    return (plan.dispatches[0]!.code as WebgpuKernelCode).stages.length;
  }

  it("few rows are joined in subgroups and in workgroup memory, to the same bits where as many threads share a row", async () => {
    const { capabilities } = whole.backend;
    const features = new Set([...capabilities.features].filter((name) => !name.startsWith("subgroup")));
    const without = createRuntime({ backend: { ...whole.backend, capabilities: { ...capabilities, features } } });
    const given = [floats([3, 64]), floats([33, 64])];
    const results: unknown[] = [];
    for (const runtime of [whole, without]) {
      const program = await runtime.compile((trace) => {
        const [x, weight] = [trace.input("x", tensorType([3, 64])), trace.input("weight", tensorType([33, 64]))];
        trace.output("y", trace.apply(linear, [x, weight], plain)[0]!);
      });
      const [stage] = (program.plan.dispatches[0]!.code as WebgpuKernelCode).stages;
      expect(stage!.features ?? []).toEqual(runtime === whole ? ["subgroups"] : []);
      results.push((await program.run({ x: given[0]!, weight: given[1]! }))["y"]);
      program.dispose();
    }
    expect(results[1]).toEqual(results[0]);
  });

  it("k that is cut into ranges gives the same, with an epilogue over their sum", async () => {
    const [m, k, n] = [5, 2500, 12];
    await check(linear, { ...plain, bias: true, activation: "gelu" }, [
      { type: tensorType([m, k]), values: floats([m, k]) },
      { type: tensorType([n, k]), values: floats([n, k]) },
      { type: tensorType([n]), values: floats([n]) },
    ]);
  });

  it.each([float32, nibbleBlocks])(
    "a weight in $id that is larger than a binding is met in windows of its rows",
    async (format) => {
      const rows = format === float32 ? 600 : 2100;
      const weight: StoredOperand = { type: tensorType([rows, 64], "f32", format), values: floats([rows, 64]) };
      const bias: StoredOperand = { type: tensorType([rows]), values: floats([rows]) };
      for (const m of [2, 6]) {
        const x: StoredOperand = { type: tensorType([m, 64]), values: floats([m, 64]) };
        const stages = await check(linear, { ...plain, bias: true, activation: "relu" }, [x, weight, bias], windows);
        expect(stages).toBeGreaterThan(1);
        const dy: StoredOperand = { type: tensorType([m, rows]), values: floats([m, rows]) };
        await check(linear, { ...plain, transposeB: false }, [dy, weight], windows);
      }
      const ids: StoredOperand = { type: tensorType([6], "i32"), values: [0, rows - 1, 255, 256, -1, rows] };
      expect(await check(embeddingOp as unknown as OpDef, {}, [ids, weight], windows)).toBeGreaterThan(1);
    },
  );
});
