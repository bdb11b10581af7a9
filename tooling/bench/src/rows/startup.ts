import { join } from "node:path";
import { interleave } from "../interleave.ts";
import { attuneSubject, type Row } from "../row.ts";
import type { Launch } from "../subject.ts";
import { pythonPath } from "../workplace.ts";

const attune = join(import.meta.dirname, "../../../../apps/cli/bin/attune.js");

const importing = (python: string, statement: string): Launch =>
  attuneSubject("", "command.ts", { command: python, arguments: ["-c", statement] }).launch();

export const startupRow: Row = {
  id: "startup",
  title:
    "A process from its start to its end: the command's help, and the imports that a fine-tuning script begins with",
  unit: "milliseconds",
  minutes: 1,
  rate: ({ seconds }) => 1000 * seconds,
  run: ({ short }) =>
    interleave(
      [
        attuneSubject("attune train --help", "command.ts", {
          command: process.execPath,
          arguments: [attune, "train", "--help"],
        }),
        attuneSubject("node with @attune/recipe imported", "command.ts", {
          command: process.execPath,
          arguments: [
            "--input-type=module",
            "--eval",
            `await import(${JSON.stringify(join(import.meta.dirname, "../../../../packages/recipe/dist/index.js"))})`,
          ],
        }),
        {
          name: "python: import torch, transformers, peft",
          launch: () =>
            importing(pythonPath(), "import torch, transformers, peft; transformers.Trainer; peft.LoraConfig"),
        },
      ],
      { warmup: 1, counted: short ? 2 : 9 },
    ),
};
