import { AttuneError } from "@attune/spec";
import type { Model } from "./model.ts";

/** Refuses a row of tokens that is longer than what a model can attend to. */
export function assertFitsContext(model: Pick<Model, "contextLength" | "config">, tokens: number, what: string): void {
  if (model.config.extendsPositions || tokens <= model.contextLength) return;
  throw new AttuneError(
    "CONTEXT_EXCEEDED",
    `${what} has ${tokens} tokens, but the model's context is ${model.contextLength}.`,
    {
      hint: `Shorten it, or load the model with a larger contextLength (--context-length); it was made for ${model.config.trainedPositions} positions.`,
    },
  );
}
