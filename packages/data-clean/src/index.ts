import type { DataStage } from "@attune/data-core";
import { cleanStage } from "./clean-stage.ts";
import { parseStage } from "./parse-stage.ts";

export type { CleanOptions } from "./clean-stage.ts";
export { cleanStage } from "./clean-stage.ts";
export { htmlToText } from "./html-to-text.ts";
export type { ParsedMail } from "./mail/parse-mail.ts";
export { parseMail } from "./mail/parse-mail.ts";
export { stripListFooters } from "./mail/strip-list-footers.ts";
export { stripQuoted } from "./mail/strip-quoted.ts";
export { stripSignature } from "./mail/strip-signature.ts";
export type { ParseOptions } from "./parse-stage.ts";
export { parseStage, textFormatOf } from "./parse-stage.ts";
export type { Thresholds } from "./rules/apply-rules.ts";
export { applyRules, defaultThresholds, resolveThresholds, rulePacks } from "./rules/apply-rules.ts";
export type { QualityRule, RulePack } from "./rules/quality-rule.ts";
export type { TextDocument } from "./rules/text-document.ts";
export { createTextDocument } from "./rules/text-document.ts";
export { repairMojibake } from "./unicode/repair-mojibake.ts";
export type { QuotePolicy } from "./unicode/repair-unicode.ts";
export { foldWhiteSpace, repairUnicode } from "./unicode/repair-unicode.ts";

/** The stages of this package, as a plugin. */
const plugin: readonly DataStage[] = [parseStage, cleanStage];
export default plugin;
