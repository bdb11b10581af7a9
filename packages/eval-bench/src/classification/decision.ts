/**
 * From log-probabilities of the choices to a prediction: score_c = scale * logprob_c / divisor_c + bias_c, the largest
 * wins (the first on a tie), and softmax of the scores are the probabilities. Divisors 1 give lm-eval's acc, characters
 * its acc_norm, UTF-8 bytes its acc_bytes; scale and bias come from a calibration.
 */
import { AttuneError } from "@attune/spec";

/** By what a choice's log-probability is divided before choices are compared. */
export type Normalization = "none" | "characters" | "bytes";

/** Affine correction of the choices' scores. */
export interface Calibration {
  /** Multiplies every score; 1 leaves them. */
  readonly scale: number;
  /** Added to each label's score. */
  readonly bias: Readonly<Record<string, number>>;
}

/** The complete rule, as plain data: with it anyone can repeat every prediction from the stored log-probabilities. */
export interface Decision {
  readonly labels: readonly string[];
  /** What the model was asked to say for each label, in the order of the labels. */
  readonly completions: readonly string[];
  readonly normalization: Normalization;
  readonly scale: number;
  readonly bias: readonly number[];
}

/** Builds the rule; throws LABELS_INVALID for fewer than two labels, repeated ones, or labels without a completion. */
export function createDecision(options: {
  readonly labels: readonly string[];
  readonly completions?: Readonly<Record<string, string>> | undefined;
  readonly normalization?: Normalization | undefined;
  readonly calibration?: Calibration | undefined;
}): Decision {
  const { labels, completions, normalization = "none", calibration } = options;
  if (labels.length < 2 || new Set(labels).size !== labels.length) {
    throw new AttuneError(
      "LABELS_INVALID",
      `Classification needs at least two different labels, received [${labels.join(", ")}].`,
    );
  }
  const said = labels.map((label) => (completions === undefined ? label : completionOf(label, completions)));
  if (said.some((text) => text === "") || new Set(said).size !== said.length) {
    throw new AttuneError(
      "LABELS_INVALID",
      `Every label needs its own completion text that is not empty, received ${JSON.stringify(said)}.`,
    );
  }
  const bias = labels.map((label) =>
    calibration === undefined || !Object.hasOwn(calibration.bias, label) ? 0 : calibration.bias[label]!,
  );
  const scale = calibration?.scale ?? 1;
  if (!(scale > 0) || [scale, ...bias].some((value) => !Number.isFinite(value))) {
    throw new AttuneError(
      "OPTIONS_INVALID",
      `A calibration needs a positive scale and finite biases, received scale ${scale} and bias [${bias.join(", ")}].`,
    );
  }
  return { labels, completions: said, normalization, scale, bias };
}

function completionOf(label: string, completions: Readonly<Record<string, string>>): string {
  if (Object.hasOwn(completions, label)) return completions[label]!;
  throw new AttuneError(
    "LABELS_INVALID",
    `Expected a completion for label "${label}", received completions for [${Object.keys(completions).join(", ")}].`,
  );
}

/** Length by which a completion's log-probability is divided. */
function completionLength(completion: string, normalization: Normalization): number {
  if (normalization === "characters") return Array.from(completion).length;
  return normalization === "bytes" ? new TextEncoder().encode(completion).length : 1;
}

/** Scores of the labels, in their order; throws FILE_CORRUPT when a label has no finite log-probability. */
export function choiceScores(decision: Decision, logprobs: Readonly<Record<string, number>>): Float64Array {
  return Float64Array.from(decision.labels, (label, index) => {
    const logprob = Object.hasOwn(logprobs, label) ? logprobs[label] : undefined;
    if (logprob === undefined || !Number.isFinite(logprob)) {
      throw new AttuneError(
        "FILE_CORRUPT",
        `Expected a finite log-probability for label "${label}", received ${logprob}.`,
      );
    }
    const length = completionLength(decision.completions[index]!, decision.normalization);
    return (decision.scale * logprob) / length + decision.bias[index]!;
  });
}

/** The winning label. */
export function decide(decision: Decision, logprobs: Readonly<Record<string, number>>): string {
  const scores = choiceScores(decision, logprobs);
  let best = 0;
  for (let index = 1; index < scores.length; index++) if (scores[index]! > scores[best]!) best = index;
  return decision.labels[best]!;
}

/** Softmax, in place of the scores. */
export function softmax(scores: Float64Array): Float64Array {
  const largest = scores.reduce((left, right) => Math.max(left, right), Number.NEGATIVE_INFINITY);
  let sum = 0;
  for (let index = 0; index < scores.length; index++) {
    scores[index] = Math.exp(scores[index]! - largest);
    sum += scores[index]!;
  }
  for (let index = 0; index < scores.length; index++) scores[index] = scores[index]! / sum;
  return scores;
}
