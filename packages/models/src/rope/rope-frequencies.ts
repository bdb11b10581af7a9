// Inverse frequencies of rotary embeddings: f_i = theta^(-2i/D), and their scaling for longer contexts.
//   linear: f/s, Chen et al., arXiv 2306.15595.   dynamic: theta' = theta · (s·L/L0 - (s - 1))^(D/(D-2)) for L > L0.
//   llama3: f/s for wavelengths above L0/low, f below L0/high, blended between; Llama 3 model card.
//   longrope: f/s_i with one searched divisor a pair, another set of them for L > L0; Ding et al., arXiv 2402.13753.
//   yarn: blends f/s and f by how often a dimension turns within L0; Peng et al., arXiv 2309.00071.
import type { RopeConfig } from "./rope-config.ts";

/**
 * One inverse frequency a pair of elements, rounded to f32 as the models were trained with.
 *
 * @param sequenceLength - tokens of the longest sequence of the pass; only the dynamic and longrope variants depend on it
 */
export function ropeFrequencies(config: RopeConfig, sequenceLength: number): Float32Array {
  const plain = geometric(config.theta, config.dimension);
  switch (config.type) {
    case "default":
      return plain;
    case "linear":
      return plain.map((frequency) => frequency / config.factor);
    case "dynamic":
      return geometric(dynamicTheta(config, sequenceLength), config.dimension);
    case "llama3":
      return plain.map((frequency) => llama3Frequency(frequency, config));
    case "yarn":
      return yarnFrequencies(config);
    case "longrope":
      return longRopeFrequencies(config, sequenceLength);
  }
}

function geometric(theta: number, dimension: number): Float32Array {
  return Float32Array.from({ length: dimension / 2 }, (_, index) => theta ** ((-2 * index) / dimension));
}

function dynamicTheta(
  { theta, dimension, factor, trainedPositions }: Extract<RopeConfig, { type: "dynamic" }>,
  length: number,
): number {
  if (length <= trainedPositions) return theta;
  return theta * ((factor * length) / trainedPositions - (factor - 1)) ** (dimension / (dimension - 2));
}

function llama3Frequency(frequency: number, config: Extract<RopeConfig, { type: "llama3" }>): number {
  const { factor, lowFrequencyFactor: low, highFrequencyFactor: high, trainedPositions } = config;
  const turns = (trainedPositions * frequency) / (2 * Math.PI);
  if (turns < low) return frequency / factor;
  if (turns > high) return frequency;
  const share = (turns - low) / (high - low);
  return (1 - share) * (frequency / factor) + share * frequency;
}

function longRopeFrequencies(
  { theta, dimension, shortFactors, longFactors, trainedPositions }: Extract<RopeConfig, { type: "longrope" }>,
  length: number,
): Float32Array {
  const factors = length > trainedPositions ? longFactors : shortFactors;
  return Float32Array.from(factors, (factor, index) => theta ** ((-2 * index) / dimension) / factor);
}

function yarnFrequencies(config: Extract<RopeConfig, { type: "yarn" }>): Float32Array {
  const { theta, dimension, factor, trainedPositions, betaFast, betaSlow, truncate } = config;
  const pairTurning = (turns: number): number =>
    (dimension * Math.log(trainedPositions / (turns * 2 * Math.PI))) / (2 * Math.log(theta));
  const first = truncate ? Math.floor(pairTurning(betaFast)) : pairTurning(betaFast);
  const last = truncate ? Math.ceil(pairTurning(betaSlow)) : pairTurning(betaSlow);
  const start = Math.max(first, 0);
  const end = Math.min(last, dimension - 1);
  const width = end === start ? 0.001 : end - start;
  return Float32Array.from({ length: dimension / 2 }, (_, index) => {
    const frequency = theta ** ((-2 * index) / dimension);
    const interpolated = Math.min(1, Math.max(0, (index - start) / width));
    return (frequency / factor) * interpolated + frequency * (1 - interpolated);
  });
}
