import { AttuneError, type JsonValue } from "@attune/spec";

/**
 * Writes a value as compact JSON with sorted keys, so that equal values give equal bytes; keys whose value is
 * undefined are left out. Throws `OPTIONS_INVALID` for what JSON cannot hold (NaN, infinities, functions), which
 * JSON.stringify would turn into null and so make different values equal.
 */
export function canonicalJson(value: JsonValue): string {
  return write(value, "");
}

function write(value: unknown, path: string): string {
  if (value === null || typeof value === "boolean" || typeof value === "string") return JSON.stringify(value);
  if (typeof value === "number" && Number.isFinite(value)) return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map((item, index) => write(item, `${path}[${index}]`)).join(",")}]`;
  if (typeof value === "object" && isPlain(value)) {
    const entries = Object.entries(value)
      .filter(([, item]) => item !== undefined)
      .sort(([first], [second]) => (first < second ? -1 : 1))
      .map(([key, item]) => `${JSON.stringify(key)}:${write(item, `${path}.${key}`)}`);
    return `{${entries.join(",")}}`;
  }
  throw new AttuneError(
    "OPTIONS_INVALID",
    `Expected a value that JSON can hold at $${path}, but received ${describe(value)}.`,
    {
      details: { key: `$${path}` },
    },
  );
}

function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || prototype === Object.prototype;
}

function describe(value: unknown): string {
  return typeof value === "object" && value !== null ? `a ${value.constructor.name}` : String(value);
}
