import { booleanField, choiceField, type FieldReader, textField } from "@attune/spec";
import { literalPattern } from "../pattern/pattern.ts";
import { sliceAligned, sourceStart } from "./aligned-text.ts";
import { prepend } from "./normalizer.ts";
import type { PreTokenizer } from "./pre-tokenizer.ts";
import { splitText } from "./split-text.ts";

/** When Metaspace puts its sign in front of a piece: always, only at the beginning of the input, or never. */
export type PrependScheme = "always" | "first" | "never";

const schemes: readonly PrependScheme[] = ["always", "first", "never"];

/** Reads the sign that stands for a space and when it is put in front, also in the older form with a truth value. */
export function metaspaceFields(section: FieldReader): { readonly sign: string; readonly scheme: PrependScheme } {
  const sign = section.read("replacement", textField);
  if (sign.length !== 1) {
    throw section.error(undefined, `expected "replacement" to be one UTF-16 unit, but found "${sign}".`);
  }
  const older = section.read("add_prefix_space", booleanField, true) ? "always" : "never";
  return { sign, scheme: section.read("prepend_scheme", choiceField(schemes), older) };
}

/** Writes spaces as a visible sign (SentencePiece's U+2581) and cuts before each. */
export function buildMetaspace(section: FieldReader): PreTokenizer {
  const { sign, scheme } = metaspaceFields(section);
  const cuts = section.read("split", booleanField, true);
  const addSign = prepend(sign);
  const pattern = literalPattern(sign);
  return (given, emit) => {
    const text = given.text.replaceAll(" ", () => sign);
    // The sign takes one unit, as the space does, so the places stay.
    const replaced = { ...given, text, bytes: false };
    const wanted = scheme === "always" || (scheme === "first" && sourceStart(given, 0) === 0);
    const piece = wanted && !text.startsWith(sign) ? { ...addSign(replaced), bytes: false } : replaced;
    if (!cuts) return emit(piece);
    splitText(piece.text, pattern, "MergedWithNext", false, (from, to) =>
      emit({ ...sliceAligned(piece, from, to), bytes: false }),
    );
  };
}
