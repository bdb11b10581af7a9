import type { RopeConfig } from "./rope-config.ts";
import { ropeFrequencies } from "./rope-frequencies.ts";

/** Cosines and sines, each `[positions, dimension / 2]`, computed in float64. */
export interface RopeTables {
  readonly cos: Float32Array;
  readonly sin: Float32Array;
}

/** Which angles a table holds. */
export interface RopeTableRequest {
  /** Position of the first row. Default 0. */
  readonly first?: number | undefined;
  /** Rows of the table, one a position. */
  readonly positions: number;
  /** Tokens of the sequence that the rows belong to: dynamic and longrope scaling choose frequencies by it. */
  readonly sequenceLength: number;
}

/** The tables of a model for some positions. */
export function ropeTables(config: RopeConfig, { first = 0, positions, sequenceLength }: RopeTableRequest): RopeTables {
  const half = config.dimension / 2;
  const scaling = config.type === "yarn" || config.type === "longrope" ? config.attentionScaling : 1;
  const cos = new Float32Array(positions * half);
  const sin = new Float32Array(positions * half);
  const frequencies = ropeFrequencies(config, sequenceLength);
  for (let row = 0; row < positions; row++) {
    for (let pair = 0; pair < half; pair++) {
      const angle = (first + row) * frequencies[pair]!;
      cos[row * half + pair] = Math.cos(angle) * scaling;
      sin[row * half + pair] = Math.sin(angle) * scaling;
    }
  }
  return { cos, sin };
}
