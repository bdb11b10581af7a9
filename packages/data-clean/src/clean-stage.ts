import { contentOf, type DataStage, mapTexts, option, optionSchema, withContent } from "@attune/data-core";
import { choiceField, listField, numberField, recordField, type TextRecord } from "@attune/spec";
import { stripListFooters } from "./mail/strip-list-footers.ts";
import { stripBodyMarkers, stripListTags, stripStrayTags, stripSubjectMarkers } from "./mail/strip-markers.ts";
import { stripQuoted } from "./mail/strip-quoted.ts";
import { stripSignature } from "./mail/strip-signature.ts";
import { applyRules, resolveThresholds, rulePacks, type Thresholds } from "./rules/apply-rules.ts";
import { foldCapitals, foldRepeats } from "./unicode/fold-emphasis.ts";
import { foldWhiteSpace, type QuotePolicy, repairUnicode } from "./unicode/repair-unicode.ts";

/** Options of the clean stage. */
export interface CleanOptions {
  /** Typographic quotes, dashes and ellipses: as they are, or in ASCII. */
  readonly quotes: QuotePolicy;
  /** Spaces at the front of lines. */
  readonly indentation: "keep" | "remove";
  /** Words in capitals: as they are, or with one capital, so that tokenizers keep them whole. */
  readonly capitals: "keep" | "fold";
  /** Marks repeated more than three times, such as rulers: as they are, or three of them. */
  readonly repeats: "keep" | "fold";
  /** Lines that a mail quotes from the one it answers. */
  readonly quotedReplies: "remove" | "keep";
  /** Signatures of mails. */
  readonly signatures: "remove" | "keep";
  /** Footers and subject tags of mailing lists, and marks of spam filters. */
  readonly listMarks: "remove" | "keep";
  /** Packs of quality rules, in the order in which they are asked. */
  readonly packs: readonly ("basic" | "gopher-quality" | "gopher-repetition" | "c4" | "fineweb" | "curator")[];
  /** Thresholds that differ from the packs', by full name: `"gopher-quality/words.minimum": 20`. */
  readonly thresholds: Thresholds;
}

const pack = choiceField(["basic", "gopher-quality", "gopher-repetition", "c4", "fineweb", "curator"]);
const removeOrKeep = option(choiceField(["remove", "keep"]), "remove");
const keepOrFold = option(choiceField(["keep", "fold"]), "keep");
const schema = optionSchema("the stage clean", {
  quotes: option(choiceField(["keep", "ascii"]), "keep"),
  indentation: option(choiceField(["keep", "remove"]), "keep"),
  capitals: keepOrFold,
  repeats: keepOrFold,
  quotedReplies: removeOrKeep,
  signatures: removeOrKeep,
  listMarks: removeOrKeep,
  packs: option(listField(pack, { distinct: true }), ["basic"]),
  thresholds: option(recordField(numberField()), {}),
});

function packsOf(options: CleanOptions) {
  return options.packs.map((id) => rulePacks.find((pack) => pack.id === id)!);
}

/**
 * Repairs Unicode and white space of every text; of mails also removes list footers and tags, marks of spam filters,
 * quoted replies and signatures; then asks the rule packs. Each step is counted under its name.
 */
export const cleanStage: DataStage<CleanOptions> = {
  kind: "data-stage",
  specificationVersion: 1,
  id: "clean",
  version: "2",
  description: "Repairs Unicode, removes list footers, quotes and signatures of mails, applies quality rules",
  parse(options) {
    const parsed = schema.parse(options);
    resolveThresholds(packsOf(parsed), parsed.thresholds);
    return parsed;
  },
  async *run(records, options, { counters }) {
    const packs = packsOf(options);
    const thresholds = resolveThresholds(packs, options.thresholds);
    const steps = stepsFor(options);
    for await (const record of records) {
      let current = record;
      for (const [rule, change] of steps) {
        const next = change(current);
        if (next !== current) counters.changed(record, rule);
        current = next;
      }
      const kept = applyRules(current, packs, thresholds, counters);
      if (kept !== undefined) yield kept;
    }
  },
};

type Step = readonly [rule: string, change: (record: TextRecord) => TextRecord];

/** The steps in their order: characters first, so that patterns see what a reader sees; white space last. */
function stepsFor(options: CleanOptions): Step[] {
  const steps: Step[] = [["unicode", (record) => mapTexts(record, (text) => repairUnicode(text, options.quotes))]];
  if (options.listMarks === "remove") {
    steps.push(
      ["filter-marks", (record) => mapMail(record, stripSubjectMarkers, stripBodyMarkers)],
      ["list-tag", (record) => mapMail(record, record.metadata?.["list"] === true ? stripListTags : same, same)],
      ["list-footer", (record) => mapMail(record, same, stripListFooters)],
    );
  }
  if (options.quotedReplies === "remove") steps.push(["quoted-reply", (record) => mapMail(record, same, stripQuoted)]);
  if (options.signatures === "remove") steps.push(["signature", (record) => mapMail(record, same, stripSignature)]);
  // A footer may stand above the signature, too.
  if (options.listMarks === "remove")
    steps.push(["list-footer-above", (record) => mapMail(record, same, stripListFooters)]);
  // After the steps that know what list footers and signatures look like.
  if (options.capitals === "fold") steps.push(["capitals", (record) => mapTexts(record, foldCapitals)]);
  if (options.repeats === "fold") steps.push(["repeats", (record) => mapTexts(record, foldRepeats)]);
  steps.push(
    ["stray-tags", (record) => mapMail(record, same, stripStrayTags)],
    ["white-space", (record) => mapTexts(record, (text) => foldWhiteSpace(text, options.indentation))],
  );
  return steps;
}

function same(text: string): string {
  return text;
}

/** Changes subject and body of a mail; any other record is returned as it is. */
function mapMail(
  record: TextRecord,
  changeSubject: (subject: string) => string,
  changeBody: (body: string) => string,
): TextRecord {
  const content = contentOf(record);
  if (content === undefined || !("body" in content)) return record;
  const [subject, body] = [changeSubject(content.subject), changeBody(content.body)];
  return subject === content.subject && body === content.body ? record : withContent(record, { subject, body });
}
