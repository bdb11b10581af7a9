// What the schema says about a value, as one error that says where the value was written.
import { AttuneError, describeValue, type JsonObject, nearestName } from "@attune/spec";
import type { z } from "zod";
import { type ConfigOrigin, formatOrigin } from "./config-origin.ts";
import { formatPath } from "./config-path.ts";
import { descriptionAt, keysAt } from "./schema-tree.ts";

/** Finds where a path was written. */
export type OriginOf = (path: readonly (string | number)[], part: "key" | "value") => ConfigOrigin;

/** The error for the first problem; unknown keys first, since a misspelt key often causes the others. */
export function configError(issues: readonly z.core.$ZodIssue[], schema: JsonObject, originOf: OriginOf): AttuneError {
  const unknown = issues.find((issue) => issue.code === "unrecognized_keys");
  if (unknown?.code === "unrecognized_keys") {
    return unknownKeyError([...unknown.path, unknown.keys[0]!] as (string | number)[], schema, originOf);
  }
  const issue = issues[0]!;
  const path = issue.path as (string | number)[];
  return located(
    "OPTIONS_INVALID",
    path,
    `${formatPath(path)}: ${sentenceOf(issue)}.`,
    hintFor(schema, path),
    originOf(path, "value"),
  );
}

function unknownKeyError(path: readonly (string | number)[], schema: JsonObject, originOf: OriginOf): AttuneError {
  const section = path.slice(0, -1);
  const known = keysAt(schema, section) ?? [];
  const near = nearestName(String(path.at(-1)), known);
  const where = section.length === 0 ? "a recipe" : `"${formatPath(section)}"`;
  const hint = near === undefined ? `Keys of ${where}: ${known.join(", ")}.` : `Did you mean "${near}"?`;
  const sentence = `"${path.at(-1)}" is not a key of ${where}.`;
  return located("CONFIG_UNKNOWN_KEY", path, sentence, hint, originOf(path, "key"));
}

/** What the key is for. */
function hintFor(schema: JsonObject, path: readonly (string | number)[]): string | undefined {
  const description = descriptionAt(schema, path);
  return description && `What it is: ${description.slice(0, 1).toLowerCase()}${description.slice(1)}.`;
}

/** An error about a path, with the place in front. */
export function located(
  code: "OPTIONS_INVALID" | "CONFIG_UNKNOWN_KEY" | "CONFIG_INCOMPATIBLE",
  path: readonly (string | number)[],
  sentence: string,
  hint: string | undefined,
  origin: ConfigOrigin,
  cause?: unknown,
): AttuneError {
  const place = origin.kind === "default" ? "" : `${formatOrigin(origin)}: `;
  const position = origin.kind === "recipe" ? { file: origin.file, line: origin.line, column: origin.column } : {};
  return new AttuneError(code, `${place}${sentence}`, {
    hint,
    cause,
    details: { key: formatPath(path), ...position },
  });
}

function sentenceOf(issue: z.core.$ZodIssue): string {
  const input = "input" in issue ? issue.input : undefined;
  const received = input === undefined ? "" : `, but received ${describeValue(input)}`;
  const text = issue.message
    .replace(/^Invalid (input|option): /, "")
    .replace(/, received .*$/, "")
    .replaceAll('"|"', '", "');
  return text.slice(0, 1).toUpperCase() + text.slice(1) + received;
}
