// Writes adapters as Attune makes them, with the logits that Attune computes, for tooling/reference/peft/check_adapter.py:
//   node --conditions=@attune/source packages/peft-lora/test/support/write-adapters.ts FOLDER
// FOLDER/<name>/ is an adapter, FOLDER/<name>.safetensors the ids, mask and logits, FOLDER/adapters.json the bases and options.
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { loadModel } from "@attune/models";
import { attachAdapters, initialiseAdapters, placeForInference, saveAdapter } from "@attune/peft-core";
import { createRandomSequence } from "@attune/tensor-core";
import { writeSafetensors } from "@attune/weights";
import { lora } from "../../src/index.ts";
import { fixtures, goldenBatch, interpret, strictRuntime, traceBatch } from "./golden.ts";
import { ourAdapters } from "./our-adapters.ts";

async function writeCase(folder: string, name: string, base: string, options: object): Promise<void> {
  const runtime = strictRuntime();
  const model = await loadModel(runtime, join(fixtures, base));
  const adapters = attachAdapters(model, [{ name: "default", method: lora, options }]);
  const { values: initial } = await initialiseAdapters(runtime, model, adapters, { seed: 11 });
  const values = new Map(initial);
  for (const { name: parameter, role } of adapters.parameters) {
    const random = createRandomSequence(12, parameter);
    if (role === "trained")
      values.set(
        parameter,
        initial.get(parameter)!.map((value) => value + 0.1 * random.normal()),
      );
  }
  await saveAdapter(runtime, model, adapters, values, join(folder, name));
  const placed = await placeForInference(runtime, adapters, values);
  const batch = await goldenBatch(base);
  const { logits } = await interpret(runtime, batch, (trace) =>
    traceBatch(trace, model, batch, adapters.visitors(placed.placement)),
  );
  const shape = [batch.rows, batch.tokens];
  await writeSafetensors(join(folder, `${name}.safetensors`), [
    { name: "input_ids", dtype: "I32", shape, data: batch.inputs["ids"] as Int32Array },
    { name: "attention_mask", dtype: "I32", shape, data: batch.mask },
    { name: "logits", dtype: "F32", shape: [...shape, model.config.vocabularySize], data: Float32Array.from(logits!) },
  ]);
  await runtime.dispose();
}

const [folder] = process.argv.slice(2);
if (folder === undefined) throw new Error("expected the folder to write to as the argument");
await mkdir(folder, { recursive: true });
for (const [name, { base, options }] of Object.entries(ourAdapters)) await writeCase(folder, name, base, options);
await writeFile(join(folder, "adapters.json"), JSON.stringify(ourAdapters, null, 2));
