import { patternValue } from "@attune/peft-core";
import type { LoraOptions } from "./lora-options.ts";

/** Rank of a module after the patterns. */
export function rankOf({ rank, rankPattern }: Pick<LoraOptions, "rank" | "rankPattern">, module: string): number {
  return patternValue(rankPattern, module) ?? rank;
}

/** alpha / r, or alpha / sqrt(r), of a module after the patterns. */
export function scalingOf(options: LoraOptions, module: string): number {
  const rank = rankOf(options, module);
  const alpha = patternValue(options.alphaPattern, module) ?? options.alpha;
  return alpha / (options.rankStabilized ? Math.sqrt(rank) : rank);
}
