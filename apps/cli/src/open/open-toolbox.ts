import type { PackageResolver } from "@attune/data-core";
import { createToolbox, type Toolbox } from "@attune/recipe";
import type { Host } from "../host.ts";
import { loadPlugins } from "./load-plugins.ts";

/** Where packages are looked up. */
interface ToolboxPlaces {
  /** The recipe's folder; plugins that are not there are looked for in the working directory. */
  readonly directory?: string;
  /** Finds packages with data. Default: from the recipe's folder. */
  readonly resolvePackage?: PackageResolver;
}

/**
 * What a verb can choose from: the built-in methods, stages, devices and models, and those of the named plugins.
 * In a process of its own it also lets V8 compile kernels to 256 bits, which must happen before the first backend.
 */
export async function openToolbox(
  host: Host,
  plugins: readonly string[],
  { directory, resolvePackage }: ToolboxPlaces = {},
): Promise<Toolbox> {
  if (host.ownsProcess) (await import("@attune/backend-cpu")).enable256Bits();
  const directories = [...(directory === undefined ? [] : [directory]), process.cwd()];
  return createToolbox({
    plugins: await loadPlugins(plugins, directories),
    models: { "attune:tiny": async () => (await import("@attune/model-tiny")).folder },
    resolvePackage,
  });
}
