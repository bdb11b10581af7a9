import { type DataStage, option, optionSchema, withContent } from "@attune/data-core";
import { choiceField, type JsonObject, type TextRecord } from "@attune/spec";
import { htmlToText } from "./html-to-text.ts";
import { parseMail } from "./mail/parse-mail.ts";
import { isHtml } from "./mail/read-parts.ts";

/** Options of the parse stage. */
export interface ParseOptions {
  /** What the texts are; `auto` decides for each record. */
  readonly format: "auto" | "mail" | "html" | "text";
}

const schema = optionSchema("the stage parse", {
  format: option(choiceField(["auto", "mail", "html", "text"]), "auto"),
});

/**
 * Turns raw mails and HTML into text. A mail becomes content `{subject, body}` with metadata `list`, `sender`, `thread`
 * and `date`; no other header field is kept. What is neither passes unchanged. Counts: `mail`, `mail-html`, `html`.
 */
export const parseStage: DataStage<ParseOptions> = {
  kind: "data-stage",
  specificationVersion: 1,
  id: "parse",
  version: "1",
  description: "Turns raw mails and HTML into text",
  parse: schema.parse,
  async *run(records, { format }, { counters }) {
    for await (const record of records) {
      const found = format === "auto" ? textFormatOf(record) : format;
      if (found === "text") {
        yield record;
        continue;
      }
      counters.changed(record, found);
      if (found === "html") {
        yield { ...record, text: htmlToText(record.text) };
        continue;
      }
      const mail = parseMail(record.text);
      if (mail.html) counters.changed(record, "mail-html");
      if (mail.list) counters.flagged(record, "mail-through-list");
      const { list, sender, thread, date } = mail;
      const metadata: JsonObject = {
        ...record.metadata,
        list,
        sender,
        thread,
        ...(date === undefined ? {} : { date }),
      };
      yield withContent({ ...record, metadata }, { subject: mail.subject, body: mail.body });
    }
  },
};

/**
 * What `auto` takes the text of a record for. A mail starts with header fields, of which it has at least two of the usual ones.
 * Structured records are text.
 */
export function textFormatOf(record: TextRecord): "mail" | "html" | "text" {
  if (record.metadata?.["content"] !== undefined) return "text";
  const head = record.text.slice(0, 20_000).trimStart();
  if (/^(?:>?From .*\n)?(?:[!-9;-~]+:.*\n(?:[ \t].*\n)*){2}/.test(head)) {
    const fields = new Set(
      head
        .match(/^(?:from|to|subject|date|received|return-path|message-id)(?=:)/gim)
        ?.map((name) => name.toLowerCase()),
    );
    if (fields.size >= 2) return "mail";
  }
  return isHtml(head, "") ? "html" : "text";
}
