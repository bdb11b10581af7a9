// Dynamic loss scaling. Products whose operands are rounded to f16 lose gradients below 2^-25 and turn those above 65,504 into
// infinities, so the loss is multiplied by a power of two s, and the gradient by 1/s before it is used:
//   a gradient that is not finite    the step is left out, s ← s/2
//   `growthInterval` steps in a row   s ← 2s
// In f32, multiplying by a power of two changes no digit: wherever nothing over- or underflows, all s give the same bits.
// Micikevicius et al., Mixed Precision Training, ICLR 2018, section 3.2; the constants are PyTorch's (torch.amp.GradScaler).
import { AttuneError } from "@attune/spec";
import { type Capabilities, roundsProductsToHalf } from "@attune/tensor-core";

/** How a loss is scaled. */
export interface LossScalingOptions {
  /** First scale, a power of two. Default 65,536. */
  readonly initial?: number | undefined;
  /** Applied steps in a row after which the scale doubles. Default 2,000. */
  readonly growthInterval?: number | undefined;
}

/** The same with nothing left out. */
export type LossScaling = { readonly [Name in keyof LossScalingOptions]-?: number };

/** Where the scale of a run stands. */
export interface LossScale {
  readonly scale: number;
  /** Applied steps since it last changed. */
  readonly steps: number;
}

/** Largest scale: a model whose gradients are all 0 would double it for ever. */
const largest = 2 ** 24;

/**
 * The options of a run, undefined where its loss is not scaled. A device that rounds products to f16 scales it unless told how.
 *
 * @throws AttuneError `OPTIONS_INVALID` for a scale that is no power of two from 1 to 2^24, an interval that is no positive integer, and
 * for false on a device that rounds products to f16
 */
export function lossScalingOf(
  wanted: boolean | LossScalingOptions | undefined,
  capabilities: Capabilities,
): LossScaling | undefined {
  const half = roundsProductsToHalf(capabilities);
  if (wanted === false && half) {
    throw new AttuneError(
      "OPTIONS_INVALID",
      "This device rounds products to f16, where gradients of an unscaled loss are lost.",
      {
        hint: "Leave lossScaling out, or open the device with products in f32.",
        details: { key: "lossScaling" },
      },
    );
  }
  if (!(wanted ?? half)) return undefined;
  const { initial = 2 ** 16, growthInterval = 2000 } = typeof wanted === "object" ? wanted : {};
  if (!Number.isInteger(Math.log2(initial)) || initial < 1 || initial > largest)
    throw outside("initial", "a power of two from 1 to 16,777,216", initial);
  if (!Number.isInteger(growthInterval) || growthInterval < 1)
    throw outside("growthInterval", "a positive integer", growthInterval);
  return { initial, growthInterval };
}

function outside(key: string, expected: string, value: number): AttuneError {
  return new AttuneError("OPTIONS_INVALID", `lossScaling.${key} has to be ${expected}, not ${value}.`, {
    details: { key: `lossScaling.${key}` },
  });
}

/** The scale after a step. */
export function nextLossScale({ scale, steps }: LossScale, finite: boolean, growthInterval: number): LossScale {
  if (!finite) return { scale: scale / 2, steps: 0 };
  if (steps + 1 < growthInterval) return { scale, steps: steps + 1 };
  return { scale: Math.min(2 * scale, largest), steps: 0 };
}
