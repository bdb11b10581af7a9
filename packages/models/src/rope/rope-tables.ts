import type { RopeConfig } from "./rope-config.ts";
import { ropeFrequencies } from "./rope-frequencies.ts";

/** Cosines and sines, each `[positions, dimension / 2]`, computed in float64. */
export interface RopeTables {
  readonly cos: Float32Array;
  readonly sin: Float32Array;
}

/** Which angles a table holds. */
export interface RopeTableRequest {
  /** Rows of the table: positions 0 to positions - 1. */
  readonly positions: number;
  /**
   * Tokens of the sequence that the rows belong to; "own" gives row p the frequencies of a sequence that ends at p, as a decode
   * step sees them. Only dynamic scaling tells them apart.
   */
  readonly sequenceLength: number | "own";
}

/** The tables of a model for some positions. */
export function ropeTables(config: RopeConfig, { positions, sequenceLength }: RopeTableRequest): RopeTables {
  const half = config.dimension / 2;
  const scaling = config.type === "yarn" ? config.attentionScaling : 1;
  const cos = new Float32Array(positions * half);
  const sin = new Float32Array(positions * half);
  const varies = sequenceLength === "own" && config.type === "dynamic";
  let frequencies = ropeFrequencies(config, sequenceLength === "own" ? 1 : sequenceLength);
  for (let position = 0; position < positions; position++) {
    if (varies) frequencies = ropeFrequencies(config, position + 1);
    for (let pair = 0; pair < half; pair++) {
      const angle = position * frequencies[pair]!;
      cos[position * half + pair] = Math.cos(angle) * scaling;
      sin[position * half + pair] = Math.sin(angle) * scaling;
    }
  }
  return { cos, sin };
}
