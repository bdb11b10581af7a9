import { AttuneError } from "@attune/spec";
import { guessColumns } from "./guess-columns.ts";
import { type RowShape, shapeOf, usualShape } from "./row-shape.ts";

/** Which column, or field within one (`ticket.body`), plays which role; only the roles of one shape may be given, beside `id`, `label`, `source`, `licence`. */
export interface ColumnMapping {
  /** Column, or columns joined with "/", that identify the row. Default: file name and line. */
  readonly id?: string | readonly string[] | undefined;
  /** Class or answer. */
  readonly label?: string | undefined;
  /** Column that names where the row came from. */
  readonly source?: string | undefined;
  /** Column that names the row's licence. */
  readonly licence?: string | undefined;
  /** Plain text. */
  readonly text?: string | undefined;
  /** Prompt of a completion or of a preference pair. */
  readonly prompt?: string | undefined;
  /** Completion of the prompt. */
  readonly completion?: string | undefined;
  /** Alpaca: the task. */
  readonly instruction?: string | undefined;
  /** Alpaca: what the task is about; may be empty or missing. */
  readonly input?: string | undefined;
  /** Alpaca: the answer. */
  readonly output?: string | undefined;
  /** List of `{role, content}`. */
  readonly messages?: string | undefined;
  /** ShareGPT: list of `{from, value}`. */
  readonly conversations?: string | undefined;
  /** System prompt of a ShareGPT row; may be missing. */
  readonly system?: string | undefined;
  /** Preferred answer. */
  readonly chosen?: string | undefined;
  /** Rejected answer. */
  readonly rejected?: string | undefined;
}

/** All roles, for option checks. */
export const columnRoles: readonly (keyof ColumnMapping)[] = [
  "id",
  "label",
  "source",
  "licence",
  "text",
  "prompt",
  "completion",
  "instruction",
  "input",
  "output",
  "messages",
  "conversations",
  "system",
  "chosen",
  "rejected",
];

/** A mapping together with the shape that it describes. */
export interface ResolvedMapping {
  /** The shape of the rows. */
  readonly shape: RowShape;
  /** Role to column. */
  readonly columns: ColumnMapping;
}

/**
 * Finds the shape of rows from an explicit mapping, or from the columns of the first row by the names that the formats
 * use. Throws `INPUT_INVALID` when the columns fit no format, naming them.
 */
export function resolveMapping(
  given: ColumnMapping | undefined,
  columns: readonly string[],
  file: string,
): ResolvedMapping {
  const has = (name: string): boolean => columns.includes(name);
  const chosen = given ?? {};
  const contentRoles = Object.keys(chosen).filter((role) => !["id", "label", "source", "licence"].includes(role));
  if (contentRoles.length === 0) {
    const shape = usualShape(columns);
    if (shape === "record") return { shape, columns: chosen };
    if (shape === undefined) throw unknownShape(columns, file);
    const defaults = Object.fromEntries(columnRoles.filter(has).map((role) => [role, role]));
    return { shape, columns: { ...defaults, ...chosen } };
  }
  const shape = shapeOf((role) => chosen[role] !== undefined);
  if (shape === undefined) {
    throw new AttuneError(
      "OPTIONS_INVALID",
      `Expected columns for a whole row, but received only ${contentRoles.join(", ")}.`,
      {
        hint: "Give text, or prompt and completion, or instruction and output, or messages, or conversations, or chosen and rejected.",
        details: { key: "columns" },
      },
    );
  }
  return { shape, columns: chosen };
}

/** Columns that an error names. */
const shownColumns = 20;

/** A name is shorter than this; what is longer is the text of a record. */
const longestName = 60;

function unknownShape(columns: readonly string[], file: string): AttuneError {
  const likely = guessColumns(Object.fromEntries(columns.map((name) => [name, ""]))) ?? {
    text: "body",
    label: "class",
  };
  const shown = columns.slice(0, shownColumns).map((name) => name.slice(0, longestName));
  const rest = columns.length > shown.length ? ` and ${columns.length - shown.length} more` : "";
  const flag = Object.entries(likely).map(([role, column]) => `${role}=${column}`);
  return new AttuneError(
    "INPUT_INVALID",
    `Could not tell which columns of ${file} hold the text: it has ${shown.join(", ")}${rest}.`,
    {
      hint: columns.some((name) => name.split(" ").length > 5)
        ? "The first row looks like a record: put one in front that names the columns, for example text,label."
        : `Name them, for example columns: ${JSON.stringify(likely)}, or --columns ${flag.join(",")}.`,
      details: { file },
    },
  );
}
