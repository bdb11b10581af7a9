// Packed rows: blocks of keys that a block of queries sees nothing of are passed over, and values stay what they were to the bit.
import { attention, createRuntime, gradients, type KernelDef, sumOfSquares, tensorType } from "@attune/tensor-core";
import { describe, expect, it, vi } from "vitest";
import { createWebgpuBackend } from "../src/index.ts";
import { attentionKernels } from "../src/kernels/attention/attention.ts";
import { skipReason, softwareGpu } from "./open-test-device.ts";

vi.setConfig({ testTimeout: 300_000, hookTimeout: 300_000 });

const [tokens, heads, size] = [256, 2, 16];
const shape = [1, tokens, heads, size];
const documents = Int32Array.from({ length: tokens }, (_, token) => Math.floor(token / 64));

type Change = (wgsl: string) => string;

/** Attention's kernels with their shaders changed. */
const changed = (change: Change): readonly KernelDef[] =>
  attentionKernels.map((kernel) => ({
    ...kernel,
    lower(signature, capabilities) {
      const code = kernel.lower(signature, capabilities);
      if (code.backend !== "webgpu") return code;
      return { ...code, stages: code.stages.map((stage) => ({ ...stage, wgsl: change(stage.wgsl) })) };
    },
  }));

const everyBlock: Change = (wgsl) =>
  wgsl.replaceAll("return workgroupUniformLoad(&block_seen) == first + 1u;", "return true;");

/** The forward pass gives, in place of its values, how many blocks of keys a workgroup went over. */
const counting: Change = (wgsl) =>
  wgsl.includes("var most = hidden_score;")
    ? wgsl
        .replace("var most = hidden_score;", "var most = hidden_score;\n  var iterations = 0f;")
        .replace(
          "load_keys(batch, key_head, first, thread);",
          "iterations += 1f;\n    load_keys(batch, key_head, first, thread);",
        )
        .replace(/o_store\(start, inner, [^;]*;/, "o_store(start, inner, vec4f(iterations));")
    : wgsl;

async function run(change: Change): Promise<Record<string, ArrayLike<number>>> {
  const runtime = createRuntime({
    backend: await createWebgpuBackend({ gpu: softwareGpu(), kernels: changed(change) }),
  });
  const values = (step: number): Float32Array =>
    Float32Array.from({ length: tokens * heads * size }, (_, index) => Math.sin(index * step));
  const program = await runtime.compile((trace) => {
    const [q, k, v] = ["q", "k", "v"].map((name) => trace.input(name, tensorType(shape)));
    const ids = trace.input("documents", tensorType([1, tokens], "i32"));
    const o = attention({ q: q!, k: k!, v: v! }, { causal: true, queryDocuments: ids, keyDocuments: ids });
    trace.output("o", o);
    gradients(sumOfSquares(o), [q!, k!, v!]).forEach((each, index) => {
      trace.output(["dq", "dk", "dv"][index]!, each);
    });
  });
  const outputs = await program.run({ q: values(0.31), k: values(0.17), v: values(0.23), documents });
  await runtime.dispose();
  return outputs;
}

/** Blocks of keys that all workgroups of one head went over. */
function iterationsOf(o: ArrayLike<number>): number {
  let sum = 0;
  for (let row = 0; row < tokens; row += 16) sum += o[row * heads * size]!;
  return sum;
}

describe.skipIf(skipReason !== undefined)(`attention over packed rows on SwiftShader ${skipReason ?? ""}`, () => {
  it("gives the same bits with and without the blocks that nothing sees", async () => {
    expect(await run((wgsl) => wgsl)).toEqual(await run(everyBlock));
  });

  it("goes over the blocks of its own document up to the diagonal alone", async () => {
    const block = 32;
    const skipped = iterationsOf((await run(counting))["o"]!);
    const all = iterationsOf((await run((wgsl) => counting(everyBlock(wgsl))))["o"]!);
    // 16 workgroups of 16 rows: up to the diagonal 1, 1, 2, 2 ... 8, 8 blocks of keys; within documents of 64 tokens 1, 1, 2, 2.
    expect(all).toBe(2 * ((tokens / block) * (tokens / block + 1)) * 0.5);
    expect(skipped).toBe((tokens / 64) * (1 + 1 + 2 + 2));
  });
});
