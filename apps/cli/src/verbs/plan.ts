import { planFlags } from "../options/recipe-flags.ts";
import { addRecipeOptions, type RecipeOptions } from "../options/recipe-options.ts";
import type { Verb } from "../verb.ts";

/** What `plan` is given. */
export interface PlanVerbOptions extends RecipeOptions {
  /** A device to hold the dispatches of a step against. */
  readonly explain?: string;
}

/** Memory and time before a run. */
export const planVerb: Verb<PlanVerbOptions> = {
  name: "plan",
  summary: "predict memory and time of a run, without taking a step",
  arguments: [["<recipe>", "recipe file, folder of a run, or name of a recipe that comes with Attune"]],
  examples: [
    "attune plan recipe.yaml",
    "attune plan recipe.yaml --rows 8 --rank 32 --json",
    "attune plan recipe.yaml --explain rtx-4090",
  ],
  interruptible: true,
  configure: (command) => {
    addRecipeOptions(command, { flags: planFlags, data: true, writes: false });
    command
      .optionsGroup("Roofline:")
      .option(
        "--explain <device>",
        "list the dispatches of a step: work, bytes and what they take at least of cpu (this machine, measured), h100, h200, rtx-4090, m3-max, iris-xe, or of peaks such as f32=14.2e12,bandwidth=400e9",
      );
  },
  load: async () => (await import("../actions/plan.ts")).plan,
};
