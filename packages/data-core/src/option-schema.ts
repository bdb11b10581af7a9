import { AttuneError, describeValue, type JsonValue, rejectUnknownKeys } from "@attune/spec";

/** How one option is read: its default, what it accepts, and the check. */
export interface OptionField<Value extends JsonValue> {
  /** Used when the option is not given. */
  readonly fallback: Value;
  /** What is accepted, completing the sentence "Expected ... to be". */
  readonly accepts: string;
  /** Returns the value, or undefined when it does not fit. */
  read(value: unknown): Value | undefined;
}

/** The options of one stage: a complete, plain object is what `parse` returns. */
export interface OptionSchema<Options> {
  /** Every option at its default. */
  readonly defaults: Options;
  /** What each option accepts, in words. */
  readonly accepts: Readonly<Record<string, string>>;
  /** Fills in defaults. Throws `CONFIG_UNKNOWN_KEY` or `OPTIONS_INVALID` naming the option. */
  parse(value: unknown): Options;
}

type Fields = Readonly<Record<string, OptionField<JsonValue>>>;
type OptionsFrom<F extends Fields> = { readonly [K in keyof F]: F[K] extends OptionField<infer V> ? V : never };

/** Describes the options of `owner` (a stage or function, named in errors). */
export function optionSchema<const F extends Fields>(owner: string, fields: F): OptionSchema<OptionsFrom<F>> {
  const names = Object.keys(fields);
  const parse = (value: unknown): OptionsFrom<F> => {
    const given = value ?? {};
    if (typeof given !== "object" || Array.isArray(given)) {
      throw new AttuneError(
        "OPTIONS_INVALID",
        `Expected the options of ${owner} to be an object, but received ${describeValue(given)}.`,
      );
    }
    rejectUnknownKeys(owner, Object.keys(given), names);
    const entries = names.map((name) => [
      name,
      readField(owner, name, fields[name]!, (given as Record<string, unknown>)[name]),
    ]);
    return Object.fromEntries(entries) as OptionsFrom<F>;
  };
  const accepts = Object.fromEntries(names.map((name) => [name, fields[name]!.accepts]));
  return { defaults: parse({}), accepts, parse };
}

function readField(owner: string, name: string, field: OptionField<JsonValue>, given: unknown): JsonValue {
  if (given === undefined) return field.fallback;
  const value = field.read(given);
  if (value !== undefined) return value;
  throw new AttuneError(
    "OPTIONS_INVALID",
    `Expected the option "${name}" of ${owner} to be ${field.accepts}, but received ${describeValue(given)}.`,
    { details: { key: name } },
  );
}

/** A finite number within limits. */
export function numberOption(
  fallback: number,
  limits: { readonly minimum?: number; readonly maximum?: number; readonly integer?: boolean } = {},
): OptionField<number> {
  const { minimum = Number.NEGATIVE_INFINITY, maximum = Number.POSITIVE_INFINITY, integer = false } = limits;
  const fits = (value: number): boolean =>
    Number.isFinite(value) && value >= minimum && value <= maximum && (!integer || Number.isInteger(value));
  const range = [
    minimum > Number.NEGATIVE_INFINITY && `from ${minimum}`,
    maximum < Number.POSITIVE_INFINITY && `up to ${maximum}`,
  ];
  return {
    fallback,
    accepts: [integer ? "a whole number" : "a number", ...range.filter(Boolean)].join(" "),
    read: (value) => (typeof value === "number" && fits(value) ? value : undefined),
  };
}

/** One of a few words. */
export function choiceOption<const Choice extends string>(
  choices: readonly Choice[],
  fallback: NoInfer<Choice>,
): OptionField<Choice> {
  return {
    fallback,
    accepts: `one of ${choices.map((choice) => `"${choice}"`).join(", ")}`,
    read: (value) => choices.find((choice) => choice === value),
  };
}

/** True or false. */
export function booleanOption(fallback: boolean): OptionField<boolean> {
  return { fallback, accepts: "true or false", read: (value) => (typeof value === "boolean" ? value : undefined) };
}

/** Any text. */
export function stringOption(fallback: string): OptionField<string> {
  return { fallback, accepts: "a text", read: (value) => (typeof value === "string" ? value : undefined) };
}

/** A list whose items are read by one field; items must be distinct. */
export function listOption<Value extends JsonValue>(
  item: OptionField<Value>,
  fallback: readonly NoInfer<Value>[],
): OptionField<readonly Value[]> {
  return {
    fallback,
    accepts: `a list of distinct values, each ${item.accepts}`,
    read: (value) => {
      if (!Array.isArray(value) || new Set(value).size !== value.length) return undefined;
      const items = value.map((each) => item.read(each));
      return items.some((each) => each === undefined) ? undefined : (items as Value[]);
    },
  };
}

/** An object whose values are read by one field. */
export function mapOption<Value extends JsonValue>(
  item: OptionField<Value>,
  fallback: Readonly<Record<string, Value>>,
): OptionField<Readonly<Record<string, Value>>> {
  return {
    fallback,
    accepts: `an object whose values are each ${item.accepts}`,
    read: (value) => {
      if (typeof value !== "object" || value === null || Array.isArray(value)) return undefined;
      const entries = Object.entries(value).map(([key, each]) => [key, item.read(each)] as const);
      return entries.some(([, each]) => each === undefined)
        ? undefined
        : (Object.fromEntries(entries) as Record<string, Value>);
    },
  };
}

/** A field of either kind, or null for "not set". */
export function optional<Value extends JsonValue>(item: OptionField<Value>): OptionField<Value | null> {
  return {
    fallback: null,
    accepts: `${item.accepts}, or null`,
    read: (value) => (value === null ? null : item.read(value)),
  };
}
