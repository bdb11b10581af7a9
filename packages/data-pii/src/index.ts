import type { DataStage } from "@attune/data-core";
import { piiStage } from "./pii-stage.ts";

export { passesLuhn } from "./detect-card.ts";
export { isValidIban } from "./detect-iban.ts";
export type { FindPiiOptions } from "./find-pii.ts";
export { findPii } from "./find-pii.ts";
export type { MaskedText, MaskPiiOptions } from "./mask-pii.ts";
export { maskPii } from "./mask-pii.ts";
export type { PiiOptions } from "./pii-stage.ts";
export { piiStage } from "./pii-stage.ts";
export type { PiiSpan, PiiType } from "./pii-type.ts";
export { piiTypes } from "./pii-type.ts";

/** The stage of this package, as a plugin. */
const plugin: readonly DataStage[] = [piiStage];
export default plugin;
