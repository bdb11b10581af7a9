// Rotary scaling as configurations spell it: `rope_parameters` (new), or `rope_scaling` with a top-level `rope_theta` (old).
import type { ConfigReader } from "../config-reader.ts";

/** What every variant has. */
interface RopeBase {
  /** Base of the geometric sequence of frequencies. */
  readonly theta: number;
  /** Elements of a head, all of which are rotated. */
  readonly dimension: number;
}

/** How positions turn into angles. Positions are in tokens. */
export type RopeConfig =
  | (RopeBase & { readonly type: "default" })
  | (RopeBase & { readonly type: "linear"; readonly factor: number })
  | (RopeBase & { readonly type: "dynamic"; readonly factor: number; readonly trainedPositions: number })
  | (RopeBase & {
      readonly type: "llama3";
      readonly factor: number;
      readonly lowFrequencyFactor: number;
      readonly highFrequencyFactor: number;
      readonly trainedPositions: number;
    })
  | (RopeBase & {
      readonly type: "yarn";
      readonly factor: number;
      readonly trainedPositions: number;
      readonly betaFast: number;
      readonly betaSlow: number;
      readonly truncate: boolean;
      /** Multiplies cosines and sines. */
      readonly attentionScaling: number;
    })
  | (RopeBase & {
      readonly type: "longrope";
      /** Divisors of the frequencies, one a pair, for sequences up to `trainedPositions` and for longer ones. */
      readonly shortFactors: readonly number[];
      readonly longFactors: readonly number[];
      readonly trainedPositions: number;
      /** Multiplies cosines and sines. */
      readonly attentionScaling: number;
    });

/** Reads the rotary part of a configuration. Throws `FILE_UNSUPPORTED` for an unknown type, `FILE_CORRUPT` for a wrong field. */
export function parseRopeConfig(config: ConfigReader, dimension: number): RopeConfig {
  const fields = config.object("rope_scaling") ?? config.object("rope_parameters");
  const theta = fields?.has("rope_theta") ? fields.number("rope_theta", 0) : config.number("rope_theta", 0, 10_000);
  const type = fields?.text("rope_type", fields.text("type", "default")) ?? "default";
  const base = { theta, dimension };
  for (const [owner, key] of [
    [config, "partial_rotary_factor"],
    [fields, "partial_rotary_factor"],
  ] as const) {
    if (owner?.has(key) && owner.number(key, 0) !== 1) {
      throw owner.unsupported(
        key,
        `rotating a part of each head ("${key}") is not supported for this family.`,
        "Use a checkpoint that rotates whole heads.",
      );
    }
  }
  if (fields === undefined || type === "default") return { ...base, type: "default" };
  switch (type) {
    case "linear":
      return { ...base, type, factor: fields.number("factor", 0) };
    case "dynamic":
      return {
        ...base,
        type,
        factor: fields.number("factor", 0),
        trainedPositions: config.integer("max_position_embeddings", 1, 2048),
      };
    case "llama3":
      return {
        ...base,
        type,
        factor: fields.number("factor", 0),
        lowFrequencyFactor: fields.number("low_freq_factor", 0),
        highFrequencyFactor: fields.number("high_freq_factor", 0),
        trainedPositions: trainedPositionsOf(config, fields),
      };
    case "yarn":
      return parseYarn(config, fields, base);
    case "longrope":
      return parseLongRope(config, fields, base);
    default:
      throw fields.unsupported(
        "rope_type",
        `rotary scaling of type "${type}" is not supported.`,
        "Supported: default, linear, dynamic, yarn, llama3, longrope.",
      );
  }
}

/** A top-level field wins over the one beside the factor; without either, the model was trained on all its positions. */
function trainedPositionsOf(config: ConfigReader, fields: ConfigReader): number {
  const key = "original_max_position_embeddings";
  const owner = config.has(key) ? config : fields;
  return owner.integer(key, 1, config.integer("max_position_embeddings", 1, 2048));
}

function parseYarn(config: ConfigReader, fields: ConfigReader, base: RopeBase): RopeConfig {
  const trainedPositions = trainedPositionsOf(config, fields);
  const factor = fields.number("factor", 0, config.integer("max_position_embeddings", 1, 2048) / trainedPositions);
  const magnitude = (scale: number): number => (factor <= 1 ? 1 : 0.1 * scale * Math.log(factor) + 1);
  const both = (fields.raw("mscale") || 0) !== 0 && (fields.raw("mscale_all_dim") || 0) !== 0;
  const computed = both
    ? magnitude(fields.number("mscale", 0)) / magnitude(fields.number("mscale_all_dim", 0))
    : magnitude(1);
  return {
    ...base,
    type: "yarn",
    factor,
    trainedPositions,
    betaFast: fields.number("beta_fast", 0, 32),
    betaSlow: fields.number("beta_slow", 0, 1),
    // Where it is written as null, the reference reads it as false.
    truncate: !fields.isNull("truncate") && fields.boolean("truncate", true),
    attentionScaling: fields.number("attention_factor", 0, computed),
  };
}

function parseLongRope(config: ConfigReader, fields: ConfigReader, base: RopeBase): RopeConfig {
  const trainedPositions = trainedPositionsOf(config, fields);
  const factor = fields.number("factor", 0, config.integer("max_position_embeddings", 1, 2048) / trainedPositions);
  const computed = factor <= 1 ? 1 : Math.sqrt(1 + Math.log(factor) / Math.log(trainedPositions));
  return {
    ...base,
    type: "longrope",
    shortFactors: fields.numbers("short_factor", 0, base.dimension / 2),
    longFactors: fields.numbers("long_factor", 0, base.dimension / 2),
    trainedPositions,
    attentionScaling: fields.number("attention_factor", 0, computed),
  };
}
