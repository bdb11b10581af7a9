// What the page has on a device: the model as it came, an adapter beside it, and what generates with each.
import { createGenerator, type Generator, generateText } from "@attune/generate";
import { exportAdapter } from "@attune/peft-core";
import { AttuneError, type JsonObject } from "@attune/spec";
import type { Backend } from "@attune/tensor-core";
import type { MemoryJournal } from "@attune/train";
import { type AdapterFiles, encodeAdapterFiles } from "@attune/weights";
import type { GenerateRequest, Side, TunerEvent } from "../protocol.ts";
import { type AttachedLora, attachLora } from "./attach-lora.ts";
import { type ModelFiles, modelName, type OpenBase, openBase } from "./open-base.ts";
import type { TunerSettings } from "./settings.ts";
import type { LoraRun } from "./train-lora.ts";

/** A run that can go on, on another device, too. */
export type JournaledRun = LoraRun & { readonly journal: MemoryJournal };

/** Gone when the device is. */
export interface PlacedModel {
  readonly base: OpenBase;
  lora: AttachedLora | undefined;
  readonly generators: Partial<Record<Side, Generator>>;
}

/** Puts a model on a backend, with the adapter of a run as its journal has it. */
export async function placeModel(
  backend: Backend,
  files: ModelFiles,
  run: JournaledRun | undefined,
): Promise<PlacedModel> {
  const base = await openBase(backend, files);
  return { base, lora: run && (await restoreLora(base, run)), generators: {} };
}

async function restoreLora(base: OpenBase, { settings, journal }: JournaledRun): Promise<AttachedLora> {
  const lora = await attachLora(base, settings);
  await journal.open({
    runtime: base.runtime,
    store: lora.store,
    slots: lora.optimizer.slots,
    identity: settings as unknown as JsonObject,
  });
  return lora;
}

/** Puts a new adapter in place of the one that is there. */
export async function replaceLora(placed: PlacedModel, settings: TunerSettings): Promise<void> {
  placed.generators.adapted?.dispose();
  delete placed.generators.adapted;
  placed.lora?.dispose();
  placed.lora = undefined;
  placed.lora = await attachLora(placed.base, settings);
}

/** What one side writes after a prompt; its pieces are told as they come. */
export async function writeAnswer(
  placed: PlacedModel,
  side: Side,
  { prompt, maxNewTokens, temperature, seed }: GenerateRequest,
  onEvent: (event: TunerEvent) => void,
): Promise<string> {
  const [answer] = await generateText(generatorOf(placed, side), placed.base.tokenizer, [prompt], {
    maxNewTokens,
    sampling: { temperature, seed },
    onText: (_row, text) => onEvent({ kind: "piece", side, text }),
  });
  return answer!.text;
}

function generatorOf({ base, lora, generators }: PlacedModel, side: Side): Generator {
  const visitors = side === "base" || lora === undefined ? [] : lora.adapters.visitors(lora.placed.placement);
  generators[side] ??= createGenerator(base.runtime, base.model, { batch: 1, visitors });
  return generators[side];
}

/** The adapter as PEFT's files. @throws AttuneError `INPUT_INVALID` without one */
export async function exportLora({ base, lora }: PlacedModel): Promise<AdapterFiles> {
  if (lora === undefined) {
    throw new AttuneError("INPUT_INVALID", "There is no adapter yet.", { hint: "Train one first." });
  }
  const values = await lora.placed.read();
  const origin = { baseModel: modelName };
  return encodeAdapterFiles(exportAdapter(base.runtime, base.model, lora.adapters, values, { origin }));
}
