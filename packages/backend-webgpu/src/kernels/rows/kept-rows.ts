// Rows that a thread goes over more than once: what it has of a short row stays in its registers, a long one is read again.
import type { BufferTraffic, RowExtent } from "@attune/tensor-core";
import { lanesOf } from "./row-stage.ts";

/** Elements of a row that a thread keeps; more would leave too few registers. */
const mostKept = 32;

/** How an operand's rows are met. */
export interface KeptRows {
  /** WGSL of `take_row(start, lane)` and, for each name, `name_at(start, lane, i)`: element i of those of a lane. */
  readonly declarations: string;
  readonly constants: { readonly own_columns: number };
  /** What is moved of each operand, in `passes` over it. */
  readonly traffic: BufferTraffic;
}

/** Functions for rows of these operands. */
export function keepRows(names: readonly string[], extent: RowExtent, passes: number): KeptRows {
  const lanes = lanesOf(extent);
  const own = Math.ceil(extent.columns / lanes);
  const kept = own <= mostKept;
  const storage = names.map((name) => `var<private> own_${name}: array<f32, own_columns>;\n`).join("");
  const take = names.map((name) => `    own_${name}[i] = ${name}[place];\n`).join("");
  const at = (name: string): string =>
    `fn ${name}_at(start: u32, lane: u32, i: u32) -> f32 {\n  return ${kept ? `own_${name}[i]` : `${name}[start + lane + i * lanes]`};\n}\n`;
  const body = kept
    ? `  for (var i = 0u; i < own_columns; i++) {\n    let place = start + min(lane + i * lanes, columns - 1u);\n${take}  }\n`
    : "";
  return {
    declarations: `${kept ? storage : ""}fn take_row(start: u32, lane: u32) {\n${body}}\n${names.map(at).join("")}`,
    constants: { own_columns: own },
    traffic: kept ? {} : { passes, apart: 4 * extent.rows * extent.columns * names.length },
  };
}
