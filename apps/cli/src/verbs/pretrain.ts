import { pretrainFlags } from "../options/recipe-flags.ts";
import { addRecipeOptions, type RunFolderOptions } from "../options/recipe-options.ts";
import type { Verb } from "../verb.ts";

/** A model from scratch, or one that goes on. */
export const pretrainVerb: Verb<RunFolderOptions> = {
  name: "pretrain",
  summary: "train every parameter on whole texts, from scratch or from a model that is there",
  arguments: [["[recipe]", "recipe file or folder of a run"]],
  examples: [
    "attune pretrain tiny.yaml --data texts.jsonl --output runs/tiny",
    "attune pretrain tiny.yaml --data texts.jsonl --output runs/tiny --resume",
    "attune pretrain tiny.yaml --data texts.jsonl --output runs/timed --profile",
  ],
  interruptible: true,
  configure: (command) => addRecipeOptions(command, { flags: pretrainFlags, data: true }),
  load: async () => (await import("../actions/pretrain.ts")).pretrainModel,
};
