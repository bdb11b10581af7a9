// The layers above the recipe: environment variables, options of a verb, --set.
import { AttuneError, type JsonObject } from "@attune/spec";
import type { Assignment } from "./config-origin.ts";
import { leafPaths, parsePath } from "./config-path.ts";
import { readYamlValue } from "./read-yaml.ts";
import { settingPaths } from "./schema-tree.ts";

/** Variables of other parts of Attune. */
const otherVariables = /^ATTUNE_(TEST_|(DEBUG|CACHE|BLAS)$)/;

/**
 * Values from the environment: `ATTUNE_TRAINING_LEARNING_RATE` is `training.learningRate`. A variable that begins with
 * `ATTUNE_` and names no key is told as a notice.
 */
export function environmentAssignments(
  environment: Readonly<Record<string, string | undefined>>,
  schema: JsonObject,
): { assignments: Assignment[]; notices: string[] } {
  const paths = new Map(settingPaths(schema).map((path) => [variableOf(path), path]));
  const given = Object.entries(environment).filter(
    ([name, text]) => name.startsWith("ATTUNE_") && !otherVariables.test(name) && text !== undefined && text !== "",
  );
  const assignments = given.flatMap(([variable, text]): Assignment[] => {
    const path = paths.get(variable);
    if (path === undefined) return [];
    return [{ path, value: readYamlValue(text!, variable), origin: { kind: "environment", variable } }];
  });
  const notices = given
    .filter(([variable]) => !paths.has(variable))
    .map(([variable]) => `The environment variable ${variable} names no key of a recipe and is not used.`);
  return { assignments, notices };
}

function variableOf(path: readonly string[]): string {
  const words = path.map((step) => step.replaceAll(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase());
  return `ATTUNE_${words.join("_")}`;
}

/** Values of `--set key.sub=value`. @throws AttuneError `OPTIONS_INVALID` for one without a key or a value */
export function setAssignments(texts: readonly string[]): Assignment[] {
  return texts.map((text) => {
    const at = text.indexOf("=");
    if (at < 1) {
      throw new AttuneError("OPTIONS_INVALID", `Expected --set KEY=VALUE, but received "${text}".`, {
        hint: "For example --set training.learningRate=0.002",
      });
    }
    const value = readYamlValue(text.slice(at + 1), `--set ${text}`);
    return { path: parsePath(text.slice(0, at)), value, origin: { kind: "set", text } };
  });
}

/** Values of a verb's own options, given as part of a configuration. */
export function optionAssignments(overrides: JsonObject): Assignment[] {
  return leafPaths(overrides)
    .filter(({ path }) => path.length > 0)
    .map(({ path, value }) => ({ path, value, origin: { kind: "option" } }));
}
