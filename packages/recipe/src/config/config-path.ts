import { AttuneError, type JsonObject, type JsonValue } from "@attune/spec";

/** Steps to a value; numbers count in lists. */
export type ConfigPath = readonly string[];

/** `a.b."c.d"` as steps. @throws AttuneError `OPTIONS_INVALID` for an empty step */
export function parsePath(text: string): string[] {
  const steps = [...text.matchAll(/"([^"]*)"|([^."]+)/g)].map(([, quoted, plain]) => quoted ?? plain!);
  if (steps.includes("__proto__")) {
    throw new AttuneError(
      "OPTIONS_INVALID",
      `Expected a key such as training.steps, but "__proto__" cannot be a key.`,
      {
        hint: "See: attune config schema.",
        details: { key: text },
      },
    );
  }
  if (steps.length > 0 && formatPath(steps) === text.replaceAll(/"([^".]*)"/g, "$1")) return steps;
  throw new AttuneError("OPTIONS_INVALID", `Expected a key such as training.steps, but received "${text}".`, {
    hint: "Steps are joined by dots; one that holds a dot is written in quotes.",
    details: { key: text },
  });
}

/** Steps as one text. */
export function formatPath(path: readonly (string | number)[]): string {
  return path.map((step) => (/[.]/.test(String(step)) ? `"${step}"` : String(step))).join(".");
}

/** The value at a path, undefined where there is none. */
export function valueAt(value: JsonValue | undefined, path: readonly (string | number)[]): JsonValue | undefined {
  return path.reduce<JsonValue | undefined>((current, step) => {
    if (typeof current !== "object" || current === null || !Object.hasOwn(current, step)) return undefined;
    return (current as JsonObject)[step];
  }, value);
}

/** A copy in which the path has a value; objects on the way are made where there are none. */
export function withValueAt(value: JsonValue | undefined, path: ConfigPath, replacement: JsonValue): JsonValue {
  const [step, ...rest] = path;
  if (step === undefined) return replacement;
  if (Array.isArray(value) && /^\d+$/.test(step) && Number(step) <= value.length) {
    const copy = [...(value as readonly JsonValue[])];
    copy[Number(step)] = withValueAt(copy[Number(step)], rest, replacement);
    return copy;
  }
  const object = typeof value === "object" && value !== null && !Array.isArray(value) ? (value as JsonObject) : {};
  return { ...object, [step]: withValueAt(object[step], rest, replacement) };
}

/** Every path to a value that is no filled object. Lists of plain values count as one value. */
export function leafPaths(value: JsonValue, path: ConfigPath = []): { path: ConfigPath; value: JsonValue }[] {
  const isBranch = typeof value === "object" && value !== null && Object.keys(value).length > 0 && !isPlainList(value);
  if (!isBranch) return [{ path, value }];
  return Object.entries(value).flatMap(([key, inner]) => leafPaths(inner as JsonValue, [...path, key]));
}

function isPlainList(value: JsonValue): boolean {
  return Array.isArray(value) && value.every((item) => typeof item !== "object" || item === null);
}
