import { addRecipeOptions, type RecipeOptions } from "../options/recipe-options.ts";
import type { Verb } from "../verb.ts";

export interface DemoOptions extends RecipeOptions {
  readonly packages: string;
  readonly output: string;
}

/** The whole job on real mail. */
export const demoVerb: Verb<DemoOptions> = {
  name: "demo",
  summary: "the whole job on the embedded model and 6,046 real mails",
  examples: ["attune demo", "attune demo --packages ./data --output ./my-demo"],
  interruptible: true,
  configure(command) {
    command
      .optionsGroup("Demo:")
      .option("--packages <folder>", "folder where the npm packages with the mails are installed", ".")
      .option("--output <folder>", "folder of the run; what it holds already is used again", "./attune-demo");
    addRecipeOptions(command, { flags: [], writes: false });
  },
  load: async () => (await import("../actions/demo.ts")).demo,
};
