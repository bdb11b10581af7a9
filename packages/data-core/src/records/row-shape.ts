import type { ColumnMapping } from "./column-mapping.ts";

/** The formats people have: what a row looks like. `record` is the format that Attune's stages write. */
export type RowShape = "record" | "text" | "completion" | "alpaca" | "messages" | "sharegpt" | "preference";

const requiredRoles: Readonly<Record<Exclude<RowShape, "record">, readonly (keyof ColumnMapping)[]>> = {
  preference: ["chosen", "rejected"],
  messages: ["messages"],
  sharegpt: ["conversations"],
  alpaca: ["instruction", "output"],
  completion: ["prompt", "completion"],
  text: ["text"],
};

/** The shape of rows whose columns are called as the formats call them, undefined for others. */
export function usualShape(columns: readonly string[]): RowShape | undefined {
  if (["id", "text", "source"].every((name) => columns.includes(name))) return "record";
  return shapeOf((role) => columns.includes(role));
}

/** The shape whose roles are all there. */
export function shapeOf(has: (role: keyof ColumnMapping) => boolean): RowShape | undefined {
  return (Object.keys(requiredRoles) as (keyof typeof requiredRoles)[]).find((shape) =>
    requiredRoles[shape].every(has),
  );
}
