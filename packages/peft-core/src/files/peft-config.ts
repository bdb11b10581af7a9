// adapter_config.json: the keys that all methods have, and what becomes of keys that are not known.
import {
  AttuneError,
  type FieldReader,
  filledTextField,
  type JsonObject,
  type JsonValue,
  readFields,
} from "@attune/spec";
import type { AdapterMethod, ModelSites } from "../adapter-method.ts";

/** The PEFT release whose keys are written. */
const peftVersion = "0.21.2";

/** What a file says beside the method's own options; kept so that a loaded adapter is saved as it was. */
export interface AdapterOrigin {
  readonly taskType: string | null;
  /** Name or path of the base model. */
  readonly baseModel: string | null;
  readonly revision: string | null;
  readonly autoMapping: JsonValue;
}

/** The origin of an adapter that was made here. */
export const ownOrigin: AdapterOrigin = { taskType: "CAUSAL_LM", baseModel: null, revision: null, autoMapping: null };

/** Content of `adapter_config.json`. */
export function writePeftConfig<Options>(
  method: Pick<AdapterMethod<Options>, "peft">,
  options: Options,
  model: ModelSites,
  origin: AdapterOrigin,
): JsonObject {
  return {
    ...method.peft.fixed,
    ...method.peft.write(options, model),
    peft_type: method.peft.type,
    peft_version: peftVersion,
    task_type: origin.taskType,
    base_model_name_or_path: origin.baseModel,
    revision: origin.revision,
    auto_mapping: origin.autoMapping,
    inference_mode: true,
  };
}

/** What was read, and what was left out. */
export interface ReadPeftConfig<Options> {
  readonly options: Options;
  readonly origin: AdapterOrigin;
  /** Keys that are not known and hold nothing. */
  readonly ignored: readonly string[];
}

/**
 * Reads `adapter_config.json`. A key that is not known is left out if it is null, false, empty or the default; with any other
 * value it would change numbers.
 *
 * @throws AttuneError `FILE_UNSUPPORTED` naming such a key, `FILE_CORRUPT` for values of the wrong kind
 */
export function readPeftConfig<Options>(
  method: Pick<AdapterMethod<Options>, "id" | "peft">,
  config: JsonObject,
  file: string,
): ReadPeftConfig<Options> {
  const reader = readFields(config, { file });
  const origin = readOrigin(reader);
  const options = method.peft.read(reader);
  const ignored: string[] = [];
  for (const key of reader.unread()) {
    const value = config[key]!;
    const known = Object.hasOwn(method.peft.fixed, key);
    if (known && isDefault(value, method.peft.fixed[key]!)) continue;
    if (known || !isEmpty(value)) {
      throw new AttuneError(
        "FILE_UNSUPPORTED",
        `${file}: "${key}" is ${JSON.stringify(value)}, which method "${method.id}" does not support.`,
        {
          hint: "It may change what the adapter computes, so it is not left out in silence.",
          details: { file, key },
        },
      );
    }
    ignored.push(key);
  }
  return { options, origin, ignored };
}

function readOrigin(reader: FieldReader): AdapterOrigin {
  for (const key of ["peft_type", "peft_version", "inference_mode"]) reader.raw(key);
  const text = (key: string): string | null => reader.optional(key, filledTextField) ?? null;
  return {
    taskType: text("task_type"),
    baseModel: text("base_model_name_or_path"),
    revision: text("revision"),
    autoMapping: reader.raw("auto_mapping") ?? null,
  };
}

function isEmpty(value: JsonValue): boolean {
  if (value === null || value === false) return true;
  return typeof value === "object" && Object.keys(value).length === 0;
}

/** Null stands for the default; releases of PEFT differ in how they write that nothing is set. */
function isDefault(value: JsonValue, fixed: JsonValue): boolean {
  return value === null || JSON.stringify(value) === JSON.stringify(fixed) || (isEmpty(value) && isEmpty(fixed));
}
