import { AttuneError } from "@attune/spec";

/** One fact that a text should express, for example food = Japanese. */
export interface SlotValue {
  readonly slot: string;
  readonly value: string;
}

/**
 * Reads an E2E meaning representation such as `name[The Eagle], food[Japanese]` (Novikova et al., SIGDIAL 2017).
 * Throws INPUT_INVALID for anything else, naming the part that does not fit.
 */
export function parseMeaningRepresentation(text: string): SlotValue[] {
  const whole = text.trimEnd();
  if (!whole.endsWith("]")) throw formatError(whole.slice(-60), text);
  const parts = whole.slice(0, -1).split("]");
  return parts.map((part, index) => {
    const open = part.indexOf("[");
    const head = part.slice(0, Math.max(0, open)).trim();
    const value = part.slice(open + 1).trim();
    const separated = index === 0 || head.startsWith(",");
    const slot = (index === 0 ? head : head.slice(1)).trim();
    if (!separated || slot === "" || slot.includes(",") || value.includes("[")) throw formatError(part, text);
    return { slot, value };
  });
}

function formatError(part: string, text: string): AttuneError {
  return new AttuneError(
    "INPUT_INVALID",
    `Expected "slot[value]" at "${part.slice(0, 60)}" of ${JSON.stringify(text.slice(0, 120))}.`,
  );
}
