import { createCpuBackend } from "@attune/backend-cpu";
import { mergeAdapters } from "@attune/peft-core";
import { testAdapterMethod } from "@attune/peft-testkit";
import { createRuntime, type Runtime } from "@attune/tensor-core";
import { describe, expect, it } from "vitest";
import { lora } from "../src/index.ts";
import { difference, goldenBatch, inputsOf, readTensors, setUp, traceBatch } from "./support/golden.ts";

const cpuRuntime = (): Runtime => createRuntime({ backend: createCpuBackend({ threads: 1 }) });

describe("on the CPU backend", () => {
  testAdapterMethod(
    lora,
    { describe, it },
    {
      backend: () => createCpuBackend({ threads: 1 }),
      cases: [
        { name: "dropout", options: { rank: 3, dropout: 0.2, bias: "lora_only" }, unmerges: false },
        {
          name: "tables, head and spectral starts",
          options: { rank: 2, targetModules: ["embed_tokens", "lm_head", "o_proj"] },
        },
      ],
    },
  );

  it.each(["dora", "embedding", "modules-to-save"])(
    "gives PEFT's logits over a bf16 base, apart and merged: %s",
    async (name) => {
      const { runtime, model, adapters, placed } = await setUp("base", { default: `adapters/${name}` }, cpuRuntime());
      const strict = await setUp("base", { default: `adapters/${name}` });
      const batch = await goldenBatch("base");
      const golden = await readTensors(`adapters/${name}.safetensors`);
      const program = await runtime.compile(
        (trace) => void traceBatch(trace, model, batch, adapters.visitors(placed.placement)),
      );
      const { logits } = await program.run(inputsOf(batch));
      expect(difference(logits!, golden.get("logits")!, batch)).toBeLessThan(2e-5);
      const merged = mergeAdapters(runtime, model, adapters, placed.placement);
      const expected = mergeAdapters(strict.runtime, strict.model, strict.adapters, strict.placed.placement);
      expect([...merged.replace.keys()]).toEqual([...expected.replace.keys()]);
      for (const [parameter, values] of merged.replace) {
        expect(
          difference(await values(), await expected.replace.get(parameter)!(), { mask: Int32Array.of(1) }),
          parameter,
        ).toBeLessThan(1e-6);
      }
      await runtime.dispose();
    },
  );
});
