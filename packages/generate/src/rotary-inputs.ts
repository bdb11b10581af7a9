// Rotary tables as inputs of a run, for models whose frequencies depend on the length of the sequence (dynamic and longrope).
import type { ForwardContext, Model } from "@attune/models";
import { type Trace, tensorType } from "@attune/tensor-core";

/** Tables of `rows` rows that the host writes, where the model needs them. */
export function rotaryInputs(
  trace: Trace,
  { config }: Pick<Model, "config">,
  rows: number,
): Pick<ForwardContext, "rotary"> {
  if (config.stretchesBeyond === undefined) return {};
  const type = tensorType([rows, config.headDimension / 2]);
  return { rotary: { cos: trace.input("rotary.cos", type), sin: trace.input("rotary.sin", type) } };
}

/** Their values for the tokens of sequences of up to `sequenceLength` tokens. */
export function sequenceTables(
  { family, config }: Pick<Model, "family" | "config">,
  rows: number,
  sequenceLength: number,
): Record<string, Float32Array> {
  if (config.stretchesBeyond === undefined) return {};
  const { cos, sin } = family.rotaryTables(config, { positions: rows, sequenceLength });
  return { "rotary.cos": cos, "rotary.sin": sin };
}

/** Their values for decode steps: row i is for a token that ends a sequence at `positions[i]`. */
export function stepTables(
  { family, config }: Pick<Model, "family" | "config">,
  positions: ArrayLike<number>,
): Record<string, Float32Array> {
  if (config.stretchesBeyond === undefined) return {};
  const half = config.headDimension / 2;
  const tables = {
    "rotary.cos": new Float32Array(positions.length * half),
    "rotary.sin": new Float32Array(positions.length * half),
  };
  for (let index = 0; index < positions.length; index++) {
    const position = positions[index]!;
    const { cos, sin } = family.rotaryTables(config, {
      first: position,
      positions: 1,
      sequenceLength: position + 1,
    });
    tables["rotary.cos"].set(cos, index * half);
    tables["rotary.sin"].set(sin, index * half);
  }
  return tables;
}

/** Whether a sequence of this many tokens has frequencies of its own, so that no other may share its tables. */
export function stretches({ config }: Pick<Model, "config">, length: number): boolean {
  return config.stretchesBeyond !== undefined && length > config.stretchesBeyond;
}
