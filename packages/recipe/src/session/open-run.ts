import { writeJsonAtomic } from "@attune/run-folder";
import type { ResolvedRecipe } from "../config/resolve-recipe.ts";
import { checkRecipe, type RecipeUse } from "../toolbox/check-recipe.ts";
import { assertSameNumerics, numericsOf, readNumerics } from "../toolbox/numerics-class.ts";
import { openDevice } from "../toolbox/open-device.ts";
import { describeEnvironment } from "./environment-record.ts";
import type { RunContext, RunOptions } from "./run-options.ts";
import { openRunFolder } from "./run-session.ts";

/** Checks a recipe, opens its folder and a device, and does the work; everything is given back afterwards. */
export async function withRun<Result>(
  recipe: ResolvedRecipe,
  options: RunOptions,
  use: RecipeUse,
  work: (context: RunContext) => Promise<Result>,
): Promise<Result> {
  const { config } = recipe;
  checkRecipe(recipe, options.toolbox, use);
  const session = await openRunFolder(options.output, config, { resume: options.resume ?? false });
  try {
    const numerics = session.resumed ? await readNumerics(session.layout.environment) : undefined;
    const runtime = await openDevice(options.toolbox, { ...config, numerics });
    try {
      if (numerics) assertSameNumerics(numerics, numericsOf(runtime.backend.capabilities), session.layout.environment);
      await writeJsonAtomic(session.layout.environment, await describeEnvironment(runtime, config.threads));
      return await work({ ...options, recipe, session, runtime });
    } finally {
      await runtime.dispose();
    }
  } finally {
    await session.close();
  }
}
