import { AttuneError, type JsonObject, type JsonValue } from "@attune/spec";
import { isMap, isScalar, LineCounter, type Node, parseDocument } from "yaml";

/** A place in a file, both counted from 1. */
interface FilePosition {
  readonly line: number;
  readonly column: number;
}

/** A YAML file as plain values that know where they were written. */
export interface YamlFile {
  readonly value: JsonObject;
  /** Where the value at a path begins, or its key; undefined for what is not in the file. */
  locate(path: readonly (string | number)[], part?: "key" | "value"): FilePosition | undefined;
}

/**
 * Reads a YAML document that holds an object.
 *
 * @throws AttuneError `OPTIONS_INVALID` with file, line and column for what is no YAML, a key written twice, or no object
 */
export function readYaml(text: string, file: string): YamlFile {
  const lineCounter = new LineCounter();
  // The core schema has no dates or binary, so that every value is one of JSON.
  const document = parseDocument(text, { lineCounter, schema: "core", prettyErrors: false });
  const [problem] = document.errors;
  if (problem !== undefined) {
    const { line, col } = lineCounter.linePos(problem.pos[0]);
    throw yamlError(file, { line, column: col }, problem.message);
  }
  const value = plainValue(document, file) ?? {};
  if (typeof value !== "object" || Array.isArray(value)) {
    throw yamlError(file, { line: 1, column: 1 }, "Expected keys with values");
  }
  return {
    value: value as JsonObject,
    locate(path, part = "value") {
      const node = part === "key" ? keyNode(document.contents, path) : valueNode(document.contents, path);
      const start = node?.range?.[0];
      if (start === undefined) return undefined;
      const { line, col } = lineCounter.linePos(start);
      return { line, column: col };
    },
  };
}

/** Reads one value as YAML writes it: `5`, `true`, `[a, b]`, `text`. */
export function readYamlValue(text: string, where: string): JsonValue {
  const document = parseDocument(text, { schema: "core", prettyErrors: false });
  const [problem] = document.errors;
  if (problem !== undefined) {
    throw new AttuneError("OPTIONS_INVALID", `Expected a YAML value in ${where}, but ${lowerFirst(problem.message)}.`);
  }
  return plainValue(document, where) ?? null;
}

function plainValue(document: ReturnType<typeof parseDocument>, file: string): JsonValue | undefined {
  try {
    return document.toJS({ maxAliasCount: 100 }) as JsonValue | undefined;
  } catch (cause) {
    throw new AttuneError("OPTIONS_INVALID", `Could not read ${file}: ${String(cause)}.`, { cause, details: { file } });
  }
}

function valueNode(node: unknown, path: readonly (string | number)[]): Node | undefined {
  let current = node;
  for (const step of path) {
    if (typeof current !== "object" || current === null || !("get" in current)) return undefined;
    current = (current as { get(key: string | number, keepScalar: boolean): unknown }).get(step, true);
  }
  return current as Node | undefined;
}

function keyNode(root: unknown, path: readonly (string | number)[]): Node | undefined {
  const map = valueNode(root, path.slice(0, -1));
  if (!isMap(map)) return valueNode(root, path);
  const pair = map.items.find(({ key }) => isScalar(key) && String(key.value) === String(path.at(-1)));
  return pair?.key as Node | undefined;
}

function yamlError(file: string, { line, column }: FilePosition, sentence: string): AttuneError {
  return new AttuneError("OPTIONS_INVALID", `${file}:${line}:${column}: ${sentence.replace(/\.$/, "")}.`, {
    hint: "A recipe is YAML: keys and values, indented with spaces.",
    details: { file, line, column },
  });
}

function lowerFirst(text: string): string {
  return text.slice(0, 1).toLowerCase() + text.slice(1);
}
