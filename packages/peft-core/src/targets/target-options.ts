import type { ModelFamily } from "@attune/models";
import { AttuneError, type FieldReader, filledTextField, integerField, listField, oneOrMoreField } from "@attune/spec";
import type { AdapterMethod } from "../adapter-method.ts";
import { moduleExpression } from "./module-expression.ts";

/** Options that methods with target modules share; names and meaning are PEFT's `target_modules` and so on. */
export interface TargetOptions {
  /** A list of names, an expression, or "all-linear". Default: the family's for this method. */
  readonly targetModules?: string | readonly string[] | undefined;
  /** Modules to leave out, by the same rules. */
  readonly excludeModules?: string | readonly string[] | undefined;
  /** Layers to adapt; only with a list of names. Default all. */
  readonly layersToTransform?: readonly number[] | undefined;
  /** Name of the list of layers in module paths, for instance "layers". Default: the first number in the path counts. */
  readonly layersPattern?: readonly string[] | undefined;
  /** Modules that are trained as they are and saved whole; they are never adapted. */
  readonly modulesToSave?: readonly string[] | undefined;
}

/** How each option is spelled where it is read. */
export type TargetKeys = Readonly<Record<keyof TargetOptions, string>>;

const optionKeys: TargetKeys = {
  targetModules: "targetModules",
  excludeModules: "excludeModules",
  layersToTransform: "layersToTransform",
  layersPattern: "layersPattern",
  modulesToSave: "modulesToSave",
};

const names = oneOrMoreField(filledTextField);
const layers = oneOrMoreField(integerField({ minimum: 0 }));

/** Reads the keys of `TargetOptions`. @throws AttuneError `OPTIONS_INVALID` for pairs that exclude each other */
export function readTargetOptions(reader: FieldReader): TargetOptions {
  return readTargets(reader, optionKeys);
}

/** Reads target options in a spelling, and checks what PEFT refuses, and that expressions are expressions. */
export function readTargets(reader: FieldReader, keys: TargetKeys): TargetOptions {
  const options: TargetOptions = {
    targetModules: reader.optional(keys.targetModules, names),
    excludeModules: reader.optional(keys.excludeModules, names),
    layersToTransform: listOf(reader.optional(keys.layersToTransform, layers)),
    layersPattern: listOf(reader.optional(keys.layersPattern, names)),
    modulesToSave: reader.optional(keys.modulesToSave, listField(filledTextField)),
  };
  const { targetModules, layersToTransform, layersPattern } = options;
  if (typeof targetModules === "string" && !isAllLinear(targetModules) && layersToTransform !== undefined) {
    throw reader.error(
      keys.targetModules,
      "layers are chosen with a list of module names, not with an expression.",
      "Put the layers into the expression.",
    );
  }
  if (layersPattern !== undefined && layersPattern.length > 0 && layersToTransform === undefined) {
    throw reader.error(
      keys.layersPattern,
      "a layers pattern says where layers are counted, but no layers are chosen.",
      `Give ${keys.layersToTransform} too.`,
    );
  }
  for (const source of [targetModules, options.excludeModules])
    if (typeof source === "string") moduleExpression(source, reader.error);
  for (const source of layersPattern ?? []) moduleExpression(source, reader.error);
  for (const source of options.modulesToSave ?? []) moduleExpression(source, reader.error);
  const given = Object.entries(options).filter(
    ([, value]) => value !== undefined && !(Array.isArray(value) && value.length === 0),
  );
  return Object.fromEntries(given) as TargetOptions;
}

function listOf<Value>(value: Value | readonly Value[] | undefined): readonly Value[] | undefined {
  return value === undefined ? undefined : ([value].flat() as readonly Value[]);
}

/**
 * Targets of a method in a family where its options name none: the family's, then the method's own.
 *
 * @throws AttuneError `OPTIONS_INVALID` where neither has any
 */
export function defaultTargets(
  method: Pick<AdapterMethod<never>, "id" | "defaults">,
  family: ModelFamily,
): readonly string[] {
  const found = family.defaults[method.id] ?? method.defaults.targets?.(family);
  if (found) return found.targets;
  throw new AttuneError(
    "OPTIONS_INVALID",
    `Method "${method.id}" has no default targets in models of the family "${family.id}".`,
    {
      hint: "Name the modules to adapt in targetModules.",
      details: { key: "targetModules" },
    },
  );
}

/** True for the word that stands for every linear module but the head. */
export function isAllLinear(targets: TargetOptions["targetModules"]): boolean {
  return typeof targets === "string" && targets.toLowerCase() === "all-linear";
}
