import { AttuneError, type JsonObject, type JsonValue } from "@attune/spec";
import {
  type Document,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  parseDocument,
  visit,
  type YAMLError,
} from "yaml";

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
  const document = parseDocument(text, { lineCounter, ...parsing });
  const problem = problemOf(document);
  if (problem !== undefined) {
    const { line, col } = lineCounter.linePos(problem.offset);
    throw yamlError(file, { line, column: col }, problem.sentence);
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
  const document = parseDocument(text, parsing);
  const problem = problemOf(document);
  if (problem !== undefined) {
    throw new AttuneError(
      "OPTIONS_INVALID",
      `Expected a YAML value in ${where}, but received ${JSON.stringify(text)}: ${withoutStop(problem.sentence)}.`,
      { hint: "Put a text with special characters into quotes, for example: 'a: b'." },
    );
  }
  return plainValue(document, where) ?? null;
}

// The core schema has no dates or binary, so that every value is one of JSON.
const parsing = { schema: "core", prettyErrors: false } as const;

/**
 * What is wrong with a document: an error of the parser, or one of its warnings (a tag that no value of JSON has would be
 * read as text), a key that is no name or that JavaScript gives a meaning of its own, or a value that contains itself.
 */
function problemOf(document: Document.Parsed): { readonly sentence: string; readonly offset: number } | undefined {
  const [problem] = [...document.errors, ...document.warnings];
  if (problem !== undefined) return { sentence: sentenceOf(problem), offset: problem.pos[0] };
  let found: { sentence: string; offset: number } | undefined;
  const stop = (node: unknown, sentence: string): symbol => {
    found = { sentence, offset: (node as Partial<Node> | null)?.range?.[0] ?? 0 };
    return visit.BREAK;
  };
  visit(document, {
    Pair(_, { key }) {
      if (isMap(key) || isSeq(key)) return stop(key, "A key must be a name, not a list or keys with values");
      return isScalar(key) && key.value === "__proto__" ? stop(key, '"__proto__" cannot be a key') : undefined;
    },
    Alias(_, alias, parents) {
      const isInside = parents.some((node) => (node as { anchor?: string }).anchor === alias.source);
      return isInside ? stop(alias, `The alias *${alias.source} stands for a value that it is part of`) : undefined;
    },
  });
  return found;
}

function sentenceOf({ code, message }: YAMLError): string {
  if (code === "MULTIPLE_DOCS") return "Expected one document, but a line of --- begins another";
  return message.includes("call stack") ? "Values are nested too deep" : message;
}

function plainValue(document: Document.Parsed, file: string): JsonValue | undefined {
  try {
    return document.toJS({ maxAliasCount: 100 }) as JsonValue | undefined;
  } catch (cause) {
    const isAlias = cause instanceof ReferenceError;
    const reason = isAlias ? "its aliases (*name) stand for too many values" : String(cause);
    throw new AttuneError("OPTIONS_INVALID", `Could not read ${file}: ${reason}.`, {
      hint: isAlias ? "Write the values out instead of repeating aliases of aliases." : "A recipe is plain YAML.",
      cause,
      details: { file },
    });
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
  return new AttuneError("OPTIONS_INVALID", `${file}:${line}:${column}: ${withoutStop(sentence)}.`, {
    hint: "A recipe is YAML: keys and values, indented with spaces.",
    details: { file, line, column },
  });
}

function withoutStop(sentence: string): string {
  return sentence.replace(/\.$/, "");
}
