import { previewRecords } from "@attune/data-core";
import type { JsonObject, TextRecord } from "@attune/spec";
import { openRecords } from "../open/open-records.ts";
import type { Palette } from "../terminal/palette.ts";
import type { VerbAction } from "../verb.ts";
import type { DataPreviewOptions } from "../verbs/data-preview.ts";

const shownCharacters = 400;

/** Shows a few records. */
export const dataPreview: VerbAction<DataPreviewOptions> = async (options, { signal, palette }) => {
  const source = await openRecords(options);
  const records = await previewRecords(source.open({ signal }), options);
  const text = records.map((record) => showRecord(record, options.full === true, palette)).join("\n\n");
  return { json: { records } as unknown as JsonObject, text };
};

function showRecord({ id, source, label, text }: TextRecord, full: boolean, palette: Palette): string {
  const facts = [source, ...(label === undefined ? [] : [`label: ${label}`])].join(", ");
  const shown = full || text.length <= shownCharacters ? text : `${text.slice(0, shownCharacters)}…`;
  return `${palette.bold(id)} ${palette.dim(`(${facts})`)}\n${shown.replace(/^/gm, "  ")}`;
}
