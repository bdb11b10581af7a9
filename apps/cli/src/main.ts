import { AttuneError } from "@attune/spec";
import { type Command, CommanderError } from "commander";
import { type Host, processHost, writeResult } from "./host.ts";
import { createProgram } from "./program.ts";
import { runVerb } from "./run-verb.ts";
import { paletteFor } from "./terminal/palette.ts";
import { reportError } from "./terminal/report-error.ts";

/**
 * Runs one command line, without the name of the program, and returns its exit code: 0 done, 1 failed, 2 wrong usage,
 * 3 a gate was not met, 4 a device or dependency is missing, 130 interrupted. The result goes to stdout, everything else
 * to stderr; nothing is thrown.
 */
export async function main(commandLine: readonly string[], given: Partial<Host> = {}): Promise<number> {
  const host: Host = { ...processHost(), ...given };
  if (host.ownsProcess) quitWhenReaderCloses(host);
  let exitCode = 0;
  let [shown, help] = ["", ""];
  const program = createProgram({
    async run(verb, options) {
      exitCode = await runVerb(verb, options, host);
    },
    print: (text) => {
      shown += text;
    },
    printError: (text) => {
      help += text;
    },
  });
  try {
    await parse(program, commandLine);
    if (shown !== "") await writeResult(host, shown);
    return exitCode;
  } catch (thrown) {
    if (thrown instanceof CommanderError && thrown.code === "commander.help") {
      host.stderr.write(help);
      return 2;
    }
    const verbose = commandLine.includes("--verbose") || host.environment["ATTUNE_DEBUG"] === "1";
    const palette = paletteFor(host.stderr, host.environment, !commandLine.includes("--no-color"));
    const report = reportError(thrown instanceof CommanderError ? usageError(thrown) : thrown, { palette, verbose });
    host.stderr.write(report.text);
    return report.exitCode;
  }
}

/** Commander throws after help and version, too. */
async function parse(program: Command, commandLine: readonly string[]): Promise<void> {
  try {
    await program.parseAsync(commandLine, { from: "user" });
  } catch (thrown) {
    if (!(thrown instanceof CommanderError) || thrown.exitCode !== 0) throw thrown;
  }
}

/** Commander's message in Attune's form; what it suggests becomes the hint. */
function usageError({ message }: CommanderError): AttuneError {
  const [sentence = "", suggestion] = message.replace(/^error: /, "").split("\n");
  const text = `${sentence.charAt(0).toUpperCase()}${sentence.slice(1)}`;
  return new AttuneError("OPTIONS_INVALID", /[.!?]$/.test(text) ? text : `${text}.`, {
    hint: suggestion?.replace(/^\((.*)\)$/, "$1") ?? "Add --help to see what there is.",
  });
}

/**
 * `attune … | head` closes the pipe early; that is no error of the command. Other errors of stdout reach whoever writes. Notes that
 * nobody can be shown are no reason to stop a training.
 */
function quitWhenReaderCloses({ stdout, stderr }: Host): void {
  stdout.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code === "EPIPE") process.exit(0);
  });
  stderr.on("error", () => {});
}
