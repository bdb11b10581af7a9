import type { JsonValue } from "@attune/spec";
import type { ConfigPath } from "./config-path.ts";

/** Where a value of a configuration comes from. */
export type ConfigOrigin =
  | { readonly kind: "default" }
  | { readonly kind: "recipe"; readonly file: string; readonly line: number; readonly column: number }
  | { readonly kind: "environment"; readonly variable: string }
  | { readonly kind: "option" }
  | { readonly kind: "set"; readonly text: string };

/** The origin in words. */
export function formatOrigin(origin: ConfigOrigin): string {
  switch (origin.kind) {
    case "default":
      return "default";
    case "recipe":
      return `${origin.file}:${origin.line}:${origin.column}`;
    case "environment":
      return origin.variable;
    case "option":
      return "option";
    case "set":
      return `--set ${origin.text}`;
  }
}

/** A value for a path from a layer above the recipe. */
export interface Assignment {
  readonly path: ConfigPath;
  readonly value: JsonValue;
  readonly origin: ConfigOrigin;
}
