import { rope, type Tensor } from "@attune/tensor-core";
import type { Scope } from "../scope.ts";

/** Names of the tables of cosines and sines among a model's parameters. */
export const rotaryTables = { cos: "rope.cos", sin: "rope.sin" } as const;

/** Rotates `x [B, T, heads, D]` by its positions, pairing element i with i + D/2 as checkpoints of the Hub do. */
export function rotary(scope: Scope, x: Tensor): Tensor {
  const context = scope.context!;
  const root = scope.root();
  const table = (name: string): Tensor => root.parameter(name, root.parameterType(name).shape).read();
  const { cos, sin } = context.rotary ?? { cos: table(rotaryTables.cos), sin: table(rotaryTables.sin) };
  return rope(x, context.positions, cos, sin);
}
