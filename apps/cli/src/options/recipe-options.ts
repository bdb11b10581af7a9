// Options of verbs that work from a recipe. A flag is a shorter way to write one value of it; what is not given is the
// recipe's, or its default.
import type { JsonObject, JsonValue } from "@attune/spec";
import { type Command, Option } from "commander";
import type { OutputOptions } from "../verb.ts";
import { addFileReading, type FileReadingOptions } from "./data-options.ts";
import { addPluginOption } from "./model-options.ts";
import { collectWords, integerFrom, oneOf } from "./option-parsers.ts";
import { sourceFrom } from "./source-from.ts";

/** What verbs that work from a recipe are given. */
export interface RecipeOptions extends OutputOptions, FileReadingOptions {
  /** A recipe file, the folder of a run, or the name of a recipe that comes with Attune. */
  readonly recipe?: string;
  readonly set: readonly string[];
  readonly plugin: readonly string[];
  /** Records to use instead of the recipe's source. */
  readonly data?: string;
  readonly [flag: string]: unknown;
}

/** What verbs that write a run folder are given. */
export interface RunFolderOptions extends RecipeOptions {
  readonly resume?: boolean;
  readonly cache?: string;
  readonly profile?: boolean;
}

/** A flag that stands for one value of a recipe. */
export interface RecipeFlag {
  readonly flags: string;
  /** The value's place, for example `training.steps`. */
  readonly path: string;
  readonly description: string;
  /** Values at other places that go when this one is given, as they would contradict it. */
  readonly replaces?: (value: JsonValue) => Readonly<Record<string, JsonValue>>;
  readonly parse?: (text: string) => JsonValue;
}

/** Flags of every verb that runs what a recipe says. */
const computeFlags: readonly RecipeFlag[] = [
  {
    flags: "--seed <number>",
    path: "seed",
    description: "seed of everything random (default: 0)",
    parse: integerFrom(0),
  },
  {
    flags: "--device <device>",
    path: "device",
    description: "cpu, webgpu, or auto: the CPU (default: auto)",
  },
  {
    flags: "--products <precision>",
    path: "products",
    description: "operands of matrix products: f32, or f16 on GPUs that can (default: f32)",
    parse: oneOf("f32", "f16"),
  },
  {
    flags: "--threads <number>",
    path: "threads",
    description: "threads that compute (default: one a core)",
    parse: integerFrom(1),
  },
  {
    flags: "--memory <size>",
    path: "memory",
    description: "most that the CPU device may hold, such as 12GB (default: 4GiB)",
  },
];

const outputFlag: RecipeFlag = {
  flags: "--output <folder>",
  path: "output",
  description: "folder of the run (default: runs/NAME)",
};

/** Which options a verb has. */
export interface RecipeOptionsPlan {
  readonly flags: readonly RecipeFlag[];
  /** Whether it reads records. Default false. */
  readonly data?: boolean;
  /** Whether it runs a model. Default true. */
  readonly computes?: boolean;
  /** Whether it writes a run folder. Default true. */
  readonly writes?: boolean;
}

/** Adds the flags of a verb, and those of every verb that works from a recipe. */
export function addRecipeOptions(
  command: Command,
  { flags, data = false, computes = true, writes = true }: RecipeOptionsPlan,
): void {
  command.optionsGroup("Recipe:");
  if (data) {
    command.option(
      "--data <path>",
      "records to use instead of the recipe's: JSONL, JSON, CSV, text or mbox, or a folder of them",
    );
    addFileReading(command);
  }
  for (const flag of flags) addFlag(command, flag);
  command.option("--set <key=value>", "any value of the recipe, in YAML; repeatable", collectWords, []);
  addPluginOption(command);
  if (writes) {
    command.optionsGroup("Run:");
    addFlag(command, outputFlag);
    command
      .option("--resume", "go on with the run that the folder holds")
      .option("--cache <folder>", "results of data stages that several runs share")
      .option("--profile", "time the kernels of some training steps, into profile.json");
  }
  if (!computes) return;
  command.optionsGroup("Compute:");
  for (const flag of computeFlags) addFlag(command, flag);
}

function addFlag(command: Command, { flags, description, parse }: RecipeFlag): void {
  const option = new Option(flags, description);
  if (parse) option.argParser((text) => parse(text));
  command.addOption(option);
}

/** The part of a configuration that the given flags stand for. */
export function overridesOf(options: RecipeOptions, flags: readonly RecipeFlag[]): JsonObject {
  const given = [...flags, outputFlag, ...computeFlags].flatMap((flag) => {
    const value = options[new Option(flag.flags).attributeName()];
    return value === undefined ? [] : [{ ...flag, value: value as JsonValue }];
  });
  const replaced = given.flatMap(({ replaces, value }) =>
    Object.entries(replaces?.(value) ?? {}).map(([path, other]) => ({ path, value: other })),
  );
  return [...replaced, ...given].reduce<JsonObject>(
    (overrides, { path, value }) => withValue(overrides, path.split("."), value),
    {},
  );
}

/** What `--set` says, behind the source that `--data` puts in place of the recipe's. */
export function settingsOf({ data, set, ...reading }: RecipeOptions): readonly string[] {
  return data === undefined ? set : [`data.source=${JSON.stringify(sourceFrom(reading, data))}`, ...set];
}

function withValue(target: JsonObject, [key, ...rest]: readonly string[], value: JsonValue): JsonObject {
  const inner = target[key!];
  const below = typeof inner === "object" && inner !== null && !Array.isArray(inner) ? (inner as JsonObject) : {};
  return { ...target, [key!]: rest.length === 0 ? value : withValue(below, rest, value) };
}
