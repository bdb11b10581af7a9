import { type ErrorCode, errorExitCode, toAttuneError } from "@attune/spec";
import type { Palette } from "./palette.ts";

/** What can be done about an error that says nothing of it itself. */
const hints: Readonly<Record<ErrorCode, string>> = {
  OPTIONS_INVALID: "Correct that value; the verb's --help and `attune config schema` say what may stand there.",
  INPUT_INVALID: "Correct the input at that place.",
  FILE_NOT_FOUND: "Check the path and the folder the command was started in.",
  FILE_CORRUPT: "The file is damaged or of another kind; fetch or write it again.",
  FILE_UNSUPPORTED: "Convert the file to a kind that is supported.",
  FILE_EXISTS: "Choose another path, or remove what is there.",
  SHAPE_MISMATCH: "Check that the files are of the same model.",
  DTYPE_MISMATCH: "Check that the files are of the same model.",
  ID_UNKNOWN: "Check the spelling, and that the plugin that brings it is named with --plugin.",
  CONFIG_UNKNOWN_KEY: "See `attune config schema` for the keys that there are.",
  CONFIG_INCOMPATIBLE: "Give only one of the values that do not go together.",
  DATA_EMPTY: "Check the input with: attune data stats --input PATH",
  DATA_LEAK: "Split again, by keys that keep what belongs together in one part.",
  LABELS_INVALID: "Check the labels with: attune data stats --input PATH",
  CONTEXT_EXCEEDED: "Shorten the text, or choose a model with a longer context.",
  DEVICE_UNAVAILABLE: "See what this machine can do with: attune doctor",
  DEPENDENCY_MISSING: "Install what is missing.",
  MEMORY_EXCEEDED: "Use fewer or shorter rows at once, or a smaller model.",
  DISK_FULL: "Free some space or choose another output folder.",
  RUN_LOCKED: "Wait for the other process, or choose another output.",
  RUN_MISMATCH: "Choose another folder, or go on with the options that the run was begun with.",
  GATE_FAILED: "Everything was written; see the report for what the model lacks.",
  ABORTED: "Start it again with --resume to go on, where the verb has that option.",
  NUMERICS: "Lower the learning rate.",
  INTERNAL: "This is a defect of Attune: run it again with --verbose and report what it prints.",
};

/** How an error is shown. */
export interface ReportOptions {
  readonly palette: Palette;
  /** Show the stack and the causes. */
  readonly verbose: boolean;
}

/** Turns anything thrown into the lines that a user reads, and the exit code. */
export function reportError(thrown: unknown, { palette, verbose }: ReportOptions): { text: string; exitCode: number } {
  const error = toAttuneError(thrown);
  const lines = [`${palette.red("error:")} ${error.message} (${error.code})`];
  const hint = error.hint ?? hints[error.code];
  lines.push(`${palette.cyan("hint:")} ${hint}`);
  if (verbose) lines.push(...stacksOf(error));
  return { text: `${lines.join("\n")}\n`, exitCode: errorExitCode(error.code) };
}

function stacksOf(error: unknown): string[] {
  const stacks: string[] = [];
  for (let current = error; current instanceof Error && stacks.length < 8; current = current.cause) {
    stacks.push(`${stacks.length > 0 ? "caused by: " : ""}${current.stack ?? current.message}`);
  }
  return stacks;
}
