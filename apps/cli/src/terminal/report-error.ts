import { type AttuneError, errorExitCode, toAttuneError } from "@attune/spec";
import type { Palette } from "./palette.ts";

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
  const hint = error.hint ?? defaultHint(error, verbose);
  if (hint !== undefined) lines.push(`${palette.cyan("hint:")} ${hint}`);
  if (verbose) lines.push(...stacksOf(error));
  return { text: `${lines.join("\n")}\n`, exitCode: errorExitCode(error.code) };
}

function defaultHint(error: AttuneError, verbose: boolean): string | undefined {
  if (error.code !== "INTERNAL" || verbose) return undefined;
  return "This is a defect of Attune: run it again with --verbose and report what it prints.";
}

function stacksOf(error: unknown): string[] {
  const stacks: string[] = [];
  for (let current = error; current instanceof Error && stacks.length < 8; current = current.cause) {
    stacks.push(`${stacks.length > 0 ? "caused by: " : ""}${current.stack ?? current.message}`);
  }
  return stacks;
}
