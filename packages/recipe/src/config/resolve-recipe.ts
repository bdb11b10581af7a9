import { dirname, resolve } from "node:path";
import { readRegularFile } from "@attune/run-folder";
import { AttuneError, type JsonObject, type JsonValue } from "@attune/spec";
import { environmentAssignments, optionAssignments, setAssignments } from "./assignments.ts";
import { configError } from "./config-error.ts";
import type { Assignment, ConfigOrigin } from "./config-origin.ts";
import { formatPath, leafPaths, withValueAt } from "./config-path.ts";
import { readYaml, type YamlFile } from "./read-yaml.ts";
import { type RecipeConfig, recipeSchema } from "./recipe-config.ts";
import { resolvePaths } from "./resolve-paths.ts";
import { recipeJsonSchema } from "./schema-tree.ts";

/** Bytes from which a file is no recipe that somebody wrote. */
const largestRecipe = 2 ** 24;

/** What a configuration is made of; later layers win: defaults, recipe, environment, options, `set`. */
export interface RecipeLayers {
  /** A recipe file. */
  readonly file?: string | undefined;
  /** Its text, where it is at hand; `file` then only names it. */
  readonly text?: string | undefined;
  /** Variables such as `ATTUNE_TRAINING_STEPS`. Default none. */
  readonly environment?: Readonly<Record<string, string | undefined>> | undefined;
  /** Options of a verb, as part of a configuration. */
  readonly overrides?: JsonObject | undefined;
  /** `key.sub=value`, values in YAML. */
  readonly set?: readonly string[] | undefined;
  /** Folder that paths outside the recipe file start from. Default: the process's. */
  readonly workingDirectory?: string | undefined;
}

/** A configuration in which every value knows where it comes from. */
export interface ResolvedRecipe {
  readonly config: RecipeConfig;
  /** Origin of the value at a path. */
  originOf(path: readonly (string | number)[], part?: "key" | "value"): ConfigOrigin;
  /** Folder of the recipe, where its packages are looked up. */
  readonly baseDirectory: string;
  /** What a reader should know, for example about variables that were not used. */
  readonly notices: readonly string[];
}

/**
 * Reads a recipe and lays the other layers over it. Relative paths become absolute: those of the recipe start at its
 * folder, all others at the working directory.
 *
 * @throws AttuneError `CONFIG_UNKNOWN_KEY` or `OPTIONS_INVALID` with the place where the value was written
 */
export async function resolveRecipe(layers: RecipeLayers = {}): Promise<ResolvedRecipe> {
  const workingDirectory = resolve(layers.workingDirectory ?? ".");
  const file = layers.file === undefined ? undefined : resolve(workingDirectory, layers.file);
  const text = layers.text ?? (file === undefined ? "" : await readText(file));
  const shown = layers.file ?? "recipe";
  const yaml = readYaml(text, shown);
  const schema = recipeJsonSchema();
  const { assignments: fromEnvironment, notices } = environmentAssignments(layers.environment ?? {}, schema);
  const assignments = [
    ...fromEnvironment,
    ...optionAssignments(layers.overrides ?? {}),
    ...setAssignments(layers.set ?? []),
  ];
  const value = assignments.reduce<JsonValue>(
    (current, { path, value }) => withValueAt(current, path, value),
    yaml.value,
  );
  const originOf = originFinder(yaml, shown, assignments);
  const parsed = recipeSchema.safeParse(value, { reportInput: true });
  if (!parsed.success) throw configError(parsed.error.issues, schema, originOf);
  const baseDirectory = file === undefined ? workingDirectory : dirname(file);
  const config = resolvePaths(parsed.data, (path) =>
    originOf(path).kind === "recipe" ? baseDirectory : workingDirectory,
  );
  return {
    config: { ...config, output: config.output && resolve(workingDirectory, parsed.data.output!) },
    originOf,
    baseDirectory,
    notices,
  };
}

/** The last layer that has a value at the path, above it or below it. */
function originFinder(yaml: YamlFile, file: string, assignments: readonly Assignment[]): ResolvedRecipe["originOf"] {
  return (path, part = "value") => {
    const steps = path.map(String);
    const covers = ({ path: given }: Assignment): boolean =>
      given.length <= steps.length && given.every((step, index) => step === steps[index]);
    const assignment = assignments.findLast(covers);
    if (assignment !== undefined) return assignment.origin;
    const inside = assignments.findLast(({ path: given }) => steps.every((step, index) => step === given[index]));
    const position = yaml.locate(path, part);
    if (position !== undefined) return { kind: "recipe", file, ...position };
    return inside?.origin ?? { kind: "default" };
  };
}

async function readText(file: string): Promise<string> {
  const bytes = await readRegularFile(file, { maxBytes: largestRecipe });
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new AttuneError("OPTIONS_INVALID", `Expected a recipe in UTF-8, but ${file} holds other bytes.`, {
      hint: "Save it as UTF-8, or convert it: iconv -f UTF-16 -t UTF-8",
      cause,
      details: { file },
    });
  }
}

/** One value of a configuration, for `config show`. */
export interface ConfigEntry {
  readonly path: string;
  readonly value: JsonValue;
  readonly origin: ConfigOrigin;
}

/** Every value with its origin, in the order of the schema. */
export function describeConfig({ config, originOf }: ResolvedRecipe): ConfigEntry[] {
  return leafPaths(config as unknown as JsonValue).map(({ path, value }) => ({
    path: formatPath(path),
    value,
    origin: originOf(path),
  }));
}
