import type { PackageResolver } from "@attune/data-core";
import { createToolbox, type Toolbox } from "@attune/recipe";
import type { Host } from "../host.ts";
import { loadPlugins } from "./load-plugins.ts";

/**
 * What a verb can choose from: the built-in methods, stages, devices and models, and those of the named plugins.
 * In a process of its own it also lets V8 compile kernels to 256 bits, which must happen before the first backend.
 */
export async function openToolbox(
  host: Host,
  plugins: readonly string[],
  resolvePackage?: PackageResolver,
): Promise<Toolbox> {
  if (host.ownsProcess) (await import("@attune/backend-cpu")).enable256Bits();
  const directory = process.cwd();
  return createToolbox({
    plugins: await loadPlugins(plugins, directory),
    models: { "attune:tiny": async () => (await import("@attune/model-tiny")).folder },
    resolvePackage,
  });
}
