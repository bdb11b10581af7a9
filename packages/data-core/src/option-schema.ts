import { type FieldKind, type JsonValue, nullableField, readFields } from "@attune/spec";

/** One option: what it may be, and what it is when it is not given. */
export interface Option<Value extends JsonValue> {
  readonly kind: FieldKind<Value>;
  readonly fallback: Value;
}

/** The options of one stage: a complete, plain object is what `parse` returns. */
export interface OptionSchema<Options> {
  /** Every option at its default. */
  readonly defaults: Options;
  /** Fills in defaults. Throws `CONFIG_UNKNOWN_KEY` or `OPTIONS_INVALID` naming the option. */
  parse(value: unknown): Options;
}

type Schema = Readonly<Record<string, Option<JsonValue>>>;
type OptionsFrom<S extends Schema> = { readonly [K in keyof S]: S[K] extends Option<infer V> ? V : never };

/** An option of a kind, with its default. */
export function option<Value extends JsonValue>(kind: FieldKind<Value>, fallback: NoInfer<Value>): Option<Value> {
  return { kind, fallback };
}

/** An option of a kind that is null, for "not set", unless it is given. */
export function optionalOption<Value extends JsonValue>(kind: FieldKind<Value>): Option<Value | null> {
  return option(nullableField(kind), null);
}

/** Describes the options of `what`, for example `the stage dedup`; errors begin with it. */
export function optionSchema<const S extends Schema>(what: string, schema: S): OptionSchema<OptionsFrom<S>> {
  const parse = (value: unknown): OptionsFrom<S> => {
    const reader = readFields(value, { what });
    const entries = Object.entries(schema).map(([name, { kind, fallback }]) => {
      const given = reader.read(name, kind, fallback);
      // A default does not take the place of a null that somebody wrote.
      if (reader.fields[name] !== null) return [name, given];
      if (kind.accepts(null)) return [name, null];
      throw reader.refusal(name, kind.expected);
    });
    reader.finish();
    return Object.fromEntries(entries) as OptionsFrom<S>;
  };
  return { defaults: parse({}), parse };
}
