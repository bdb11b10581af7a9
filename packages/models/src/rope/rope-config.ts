// Rotary scaling as configurations spell it: `rope_parameters` (new), or `rope_scaling` with a top-level `rope_theta` (old).
import { booleanField, type FieldReader, integerField, listField, numberField, textField } from "@attune/spec";

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

const count = integerField({ minimum: 1 });
const positive = numberField({ above: 0 });

/** Reads the rotary part of a configuration. Throws `FILE_UNSUPPORTED` for an unknown type, `FILE_CORRUPT` for a wrong field. */
export function parseRopeConfig(config: FieldReader, dimension: number): RopeConfig {
  const fields = filledObject(config, "rope_scaling") ?? filledObject(config, "rope_parameters");
  const theta = fields?.has("rope_theta")
    ? fields.read("rope_theta", positive)
    : config.read("rope_theta", positive, 10_000);
  const type = fields?.read("rope_type", textField, fields.read("type", textField, "default")) ?? "default";
  const base = { theta, dimension };
  for (const [owner, key] of [
    [config, "partial_rotary_factor"],
    [fields, "partial_rotary_factor"],
  ] as const) {
    if (owner?.has(key) && owner.read(key, positive) !== 1) {
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
      return { ...base, type, factor: fields.read("factor", positive) };
    case "dynamic":
      return {
        ...base,
        type,
        factor: fields.read("factor", positive),
        trainedPositions: config.read("max_position_embeddings", count, 2048),
      };
    case "llama3":
      return {
        ...base,
        type,
        factor: fields.read("factor", positive),
        lowFrequencyFactor: fields.read("low_freq_factor", positive),
        highFrequencyFactor: fields.read("high_freq_factor", positive),
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

/** The object under a key, undefined where nothing is in it. */
function filledObject(config: FieldReader, key: string): FieldReader | undefined {
  const found = config.optionalObject(key);
  return found !== undefined && Object.keys(found.fields).length > 0 ? found : undefined;
}

/** A top-level field wins over the one beside the factor; without either, the model was trained on all its positions. */
function trainedPositionsOf(config: FieldReader, fields: FieldReader): number {
  const key = "original_max_position_embeddings";
  const owner = config.has(key) ? config : fields;
  return owner.read(key, count, config.read("max_position_embeddings", count, 2048));
}

function parseYarn(config: FieldReader, fields: FieldReader, base: RopeBase): RopeConfig {
  const trainedPositions = trainedPositionsOf(config, fields);
  const factor = fields.read(
    "factor",
    positive,
    config.read("max_position_embeddings", count, 2048) / trainedPositions,
  );
  const magnitude = (scale: number): number => (factor <= 1 ? 1 : 0.1 * scale * Math.log(factor) + 1);
  const both = (fields.raw("mscale") || 0) !== 0 && (fields.raw("mscale_all_dim") || 0) !== 0;
  const computed = both
    ? magnitude(fields.read("mscale", positive)) / magnitude(fields.read("mscale_all_dim", positive))
    : magnitude(1);
  return {
    ...base,
    type: "yarn",
    factor,
    trainedPositions,
    betaFast: fields.read("beta_fast", positive, 32),
    betaSlow: fields.read("beta_slow", positive, 1),
    // Where it is written as null, the reference reads it as false.
    truncate: fields.fields["truncate"] !== null && fields.read("truncate", booleanField, true),
    attentionScaling: fields.read("attention_factor", positive, computed),
  };
}

function parseLongRope(config: FieldReader, fields: FieldReader, base: RopeBase): RopeConfig {
  const trainedPositions = trainedPositionsOf(config, fields);
  const factor = fields.read(
    "factor",
    positive,
    config.read("max_position_embeddings", count, 2048) / trainedPositions,
  );
  const computed = factor <= 1 ? 1 : Math.sqrt(1 + Math.log(factor) / Math.log(trainedPositions));
  return {
    ...base,
    type: "longrope",
    shortFactors: fields.read("short_factor", listField(positive, { length: base.dimension / 2 })),
    longFactors: fields.read("long_factor", listField(positive, { length: base.dimension / 2 })),
    trainedPositions,
    attentionScaling: fields.read("attention_factor", positive, computed),
  };
}
