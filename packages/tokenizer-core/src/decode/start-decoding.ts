import { AttuneError, type StreamingDecoder } from "@attune/spec";
import type { AddedVocabulary } from "../added-tokens/added-vocabulary.ts";
import type { Decoder } from "./decode-stage.ts";

/**
 * Starts turning ids into text. An id without a token gives no text, as models often have more rows than there are
 * tokens; what is no id at all is an error.
 */
export function startDecoding(
  decoder: Decoder,
  tokenOf: (id: number) => string | undefined,
  added: AddedVocabulary,
  skipsSpecial: boolean,
): StreamingDecoder {
  const stage = decoder.start(false);
  let text = "";
  const emit = (part: string): void => {
    text += part;
  };
  const take = (): string => {
    const taken = text;
    text = "";
    return taken;
  };
  return {
    push(id) {
      if (!Number.isInteger(id) || id < 0)
        throw new AttuneError("INPUT_INVALID", `Expected a token id, but received ${id}.`);
      const token = tokenOf(id);
      const skipped = skipsSpecial && added.specialIds.has(id);
      if (token !== undefined && !skipped) stage.push(token, added.byId.has(id), emit);
      return take();
    },
    end() {
      stage.end(emit);
      return take();
    },
  };
}
