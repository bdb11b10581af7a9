import { assertFitsContext, type Model } from "@attune/models";
import { AttuneError } from "@attune/spec";

/** Refuses a prompt that is empty, has ids outside the vocabulary, or leaves too little of the context. */
export function checkPrompt(model: Model, ids: ArrayLike<number>, newTokens: number, row: number): void {
  if (ids.length === 0) {
    throw new AttuneError("INPUT_INVALID", `Row ${row} has an empty prompt, so there is nothing to go on from.`, {
      hint: "Start it with at least one token, for instance the tokenizer's beginning-of-text token.",
      details: { row },
    });
  }
  checkIds(model, ids, row);
  assertFitsContext(
    model,
    ids.length + newTokens,
    `Row ${row} (${ids.length} prompt tokens and up to ${newTokens} new ones)`,
  );
}

/** Refuses ids outside the vocabulary. */
export function checkIds({ config }: Model, ids: ArrayLike<number>, row: number): void {
  for (let position = 0; position < ids.length; position++) {
    const id = ids[position]!;
    if (Number.isInteger(id) && id >= 0 && id < config.vocabularySize) continue;
    throw new AttuneError(
      "INPUT_INVALID",
      `Row ${row} has id ${id} at ${position}; the model's ids go from 0 to ${config.vocabularySize - 1}.`,
      {
        hint: "Check that the tokenizer belongs to the model.",
        details: { row },
      },
    );
  }
}

/** Ids that end a row unless the caller names others: those of `generation_config.json`, or where there is none of `config.json`. */
export function endIds({ config, generationConfig }: Pick<Model, "config" | "generationConfig">): readonly number[] {
  if (generationConfig === undefined) return config.eosIds;
  const named = generationConfig["eos_token_id"];
  return (Array.isArray(named) ? named : [named]).filter((id) => typeof id === "number");
}
