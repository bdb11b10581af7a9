import type { RowSummary } from "../protocol.ts";
import { button, element } from "./elements.ts";
import example from "./example.jsonl?raw";

/** The field with the rows. */
export interface RowsPanel {
  text(): string;
  /** Shows what is known of the rows, or what is wrong with them. */
  describe(summary: RowSummary | Error): void;
}

/** Milliseconds without a key after which rows are read again. */
const quiet = 400;

/** Fills the field with the example; `onChange` is called when the reader has changed it and pauses. */
export function rowsPanel(onChange: () => void): RowsPanel {
  const field = element("rows", HTMLTextAreaElement);
  const file = element("rows-file", HTMLInputElement);
  const summaryLine = element("rows-summary", HTMLParagraphElement);
  let timer: number | undefined;
  const put = (text: string): void => {
    field.value = text;
    field.scrollTop = 0;
    onChange();
  };
  const read = async (given: File | undefined): Promise<void> => {
    if (given !== undefined) put(await given.text());
  };
  field.value = example.trimEnd();
  field.addEventListener("input", () => {
    clearTimeout(timer);
    timer = window.setTimeout(onChange, quiet);
  });
  file.addEventListener("change", async () => {
    await read(file.files?.[0]);
    file.value = "";
  });
  button("rows-example").addEventListener("click", () => put(example.trimEnd()));
  for (const name of ["dragover", "dragleave", "drop"]) {
    field.addEventListener(name, () => field.classList.toggle("dropping", name === "dragover"));
  }
  field.addEventListener("dragover", (event) => event.preventDefault());
  field.addEventListener("drop", (event) => {
    const dropped = event.dataTransfer?.files[0];
    if (dropped === undefined) return;
    event.preventDefault();
    void read(dropped);
  });
  return {
    text: () => field.value,
    describe(summary) {
      const wrong = summary instanceof Error;
      field.setAttribute("aria-invalid", String(wrong));
      summaryLine.textContent = wrong ? summary.message : sentence(summary);
    },
  };
}

function sentence({ rows, tokens, trainedTokens }: RowSummary): string {
  const count = (value: number, unit: string): string =>
    `${value.toLocaleString("en-US")} ${unit}${value === 1 ? "" : "s"}`;
  return `${count(rows, "row")} of ${count(tokens, "token")}, of which ${trainedTokens.toLocaleString("en-US")} are learnt`;
}
