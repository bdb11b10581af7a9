import type { AdapterMethod } from "@attune/peft-core";
import { lora } from "./lora.ts";

export { type CombineOptions, combineAdapters } from "./combine-adapters.ts";
export { lora } from "./lora.ts";
export type { InitialWeights, LoraOptions } from "./lora-options.ts";

/** The methods of this package, as plugins are passed. */
const methods: readonly AdapterMethod[] = [lora];
export default methods;
