import type { AdapterMethod } from "@attune/peft-core";
import { loraForward } from "./lora-forward.ts";
import { loraDefaults, loraGroups, loraId, loraLayout } from "./lora-layout.ts";
import { mergeLora, unmergeLora } from "./lora-merge.ts";
import { type LoraOptions, parseLoraOptions } from "./lora-options.ts";
import { fixedLoraKeys, readLoraConfig, writeLoraConfig } from "./lora-peft-config.ts";
import { exportedAsPlain, initialiseFactors, startOfFile } from "./spectral-initial.ts";

/** Low-rank adaptation of linear modules, embeddings and heads, with rsLoRA, DoRA, LoRA+, PiSSA and OLoRA as options. */
export const lora: AdapterMethod<LoraOptions> = {
  kind: "adapter-method",
  specificationVersion: 1,
  id: loraId,
  about: "Adds a trained product of two thin matrices to chosen weights.",
  defaults: loraDefaults,
  parse: parseLoraOptions,
  layout: loraLayout,
  groups: ({ loraPlusRatio, embeddingRatio }) => [
    { name: loraGroups.vectors, learningRateScale: loraPlusRatio, weightDecay: 0 },
    ...(loraPlusRatio === 1 ? [] : [{ name: loraGroups.factorB, learningRateScale: loraPlusRatio }]),
    ...(embeddingRatio === 1 ? [] : [{ name: loraGroups.embedding, learningRateScale: embeddingRatio }]),
  ],
  initialise: initialiseFactors,
  forward: loraForward,
  merge: mergeLora,
  unmerge: unmergeLora,
  peft: { type: "LORA", fixed: fixedLoraKeys, write: writeLoraConfig, read: readLoraConfig },
  imported: startOfFile,
  exported: exportedAsPlain,
};
