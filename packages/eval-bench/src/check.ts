import { AttuneError } from "@attune/spec";

/** Throws OPTIONS_INVALID unless `value` is an integer of at least `minimum`. */
export function checkInteger(name: string, value: number, minimum: number): void {
  if (!Number.isSafeInteger(value) || value < minimum) {
    throw new AttuneError("OPTIONS_INVALID", `${name} must be an integer of at least ${minimum}, received ${value}.`, {
      details: { key: name },
    });
  }
}

/** Throws OPTIONS_INVALID unless `confidence` lies strictly between 0 and 1. */
export function checkConfidence(confidence: number): void {
  if (!(confidence > 0 && confidence < 1)) {
    throw new AttuneError("OPTIONS_INVALID", `confidence must lie between 0 and 1, received ${confidence}.`, {
      hint: "Write 0.95 for a 95 % interval.",
      details: { key: "confidence" },
    });
  }
}
