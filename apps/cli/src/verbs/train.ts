import { trainFlags } from "../options/recipe-flags.ts";
import { addRecipeOptions, type RunFolderOptions } from "../options/recipe-options.ts";
import type { Verb } from "../verb.ts";

/** Training alone. */
export const trainVerb: Verb<RunFolderOptions> = {
  name: "train",
  summary: "train an adapter, or every parameter, without judging it",
  arguments: [["[recipe]", "recipe file, folder of a run, or name of a recipe that comes with Attune"]],
  examples: [
    "attune train recipe.yaml --output runs/first",
    "attune train --model attune:tiny --data train.jsonl --steps 200 --rank 8 --output runs/second",
    "attune train recipe.yaml --output runs/first --resume",
    "attune train recipe.yaml --output runs/timed --profile",
  ],
  interruptible: true,
  configure: (command) => addRecipeOptions(command, { flags: trainFlags, data: true }),
  load: async () => (await import("../actions/train.ts")).train,
};
