// The schema as JSON Schema: for editors, and to know which keys there are when one is misspelt.
import type { JsonObject } from "@attune/spec";
import { z } from "zod";
import { recipeSchema } from "./recipe-config.ts";

/** JSON Schema of a recipe, for editors that complete and check YAML. */
export function recipeJsonSchema(): JsonObject {
  return z.toJSONSchema(recipeSchema, { io: "input" }) as unknown as JsonObject;
}

/** Keys that an object at a path may have; undefined where any may be. */
export function keysAt(schema: JsonObject, path: readonly (string | number)[]): string[] | undefined {
  const found = path.reduce<JsonObject | undefined>((node, step) => propertiesOf(node)?.[step] as JsonObject, schema);
  const properties = propertiesOf(found);
  return properties && Object.keys(properties);
}

/** What the schema says about the value at a path, or about the nearest one around it. */
export function descriptionAt(schema: JsonObject, path: readonly (string | number)[]): string | undefined {
  let node: JsonObject | undefined = schema;
  let nearest: string | undefined;
  for (const step of path) {
    node = propertiesOf(node)?.[step] as JsonObject | undefined;
    if (typeof node?.["description"] === "string") nearest = node["description"];
  }
  return nearest;
}

/** Paths of all single values that the schema names. */
export function settingPaths(schema: JsonObject, path: readonly string[] = []): string[][] {
  const properties = propertiesOf(schema);
  if (properties === undefined) return [[...path]];
  return Object.entries(properties).flatMap(([key, inner]) => settingPaths(inner as JsonObject, [...path, key]));
}

/** Properties of an object, also of one that may be null. */
function propertiesOf(node: JsonObject | undefined): JsonObject | undefined {
  if (node === undefined) return undefined;
  if (node["properties"] !== undefined) return node["properties"] as JsonObject;
  const choices = node["anyOf"];
  if (!Array.isArray(choices)) return undefined;
  return choices.map((choice) => propertiesOf(choice as JsonObject)).find((properties) => properties !== undefined);
}
