import { resolve } from "node:path";
import type { RecipeConfig } from "./recipe-config.ts";

/** Whether a reference is a name such as `attune:tiny`, and not a path. */
export function isModelName(reference: string): boolean {
  return /^[a-z][a-z0-9-]+:[a-z0-9][a-z0-9._-]*$/.test(reference);
}

type Source = Readonly<Record<string, unknown>>;

/** The configuration with absolute paths; `folderOf` says where those of a key start. */
export function resolvePaths(
  config: RecipeConfig,
  folderOf: (path: readonly (string | number)[]) => string,
): RecipeConfig {
  const absolute = (value: string | null, key: string): string | null =>
    value === null || isModelName(value) ? value : resolve(folderOf([key]), value);
  const sourceOf = (source: Source, path: readonly (string | number)[]): Source =>
    typeof source["path"] === "string"
      ? { ...source, path: resolve(folderOf([...path, "path"]), source["path"]) }
      : source;
  const pluginOf = (plugin: string, index: number): string =>
    /^\.{0,2}[\\/]/.test(plugin) ? resolve(folderOf(["plugins", index]), plugin) : plugin;
  const { data, training, evaluation } = config;
  const { replay } = training;
  const sources = data.source;
  return {
    ...config,
    plugins: config.plugins.map(pluginOf),
    model: absolute(config.model, "model"),
    tokenizer: absolute(config.tokenizer, "tokenizer"),
    adapter: absolute(config.adapter, "adapter"),
    data: {
      ...data,
      source: Array.isArray(sources)
        ? sources.map((source: Source, index) => sourceOf(source, ["data", "source", index]))
        : sources && sourceOf(sources as Source, ["data", "source"]),
    },
    training: {
      ...training,
      replay: replay && {
        ...replay,
        source: replay.source && sourceOf(replay.source, ["training", "replay", "source"]),
      },
    },
    evaluation: evaluation && {
      ...evaluation,
      general: evaluation.general && {
        ...evaluation.general,
        source: sourceOf(evaluation.general.source, ["evaluation", "general", "source"]),
      },
    },
  };
}
