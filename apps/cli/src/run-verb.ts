import { type Host, writeResult } from "./host.ts";
import { listenForInterrupts } from "./terminal/interruption.ts";
import { paletteFor } from "./terminal/palette.ts";
import { createProgress } from "./terminal/progress.ts";
import type { OutputOptions, Verb, VerbContext, VerbResult } from "./verb.ts";

/** Runs a verb with parsed options, prints its result and returns the exit code. Errors pass through. */
export async function runVerb(verb: Verb, options: OutputOptions, host: Host): Promise<number> {
  const action = await verb.load();
  const mode = options.quiet ? "none" : options.progress;
  const progress = createProgress({ mode, stream: host.stderr, environment: host.environment });
  const interruption = verb.interruptible && host.ownsProcess ? listenForInterrupts(host.stderr) : undefined;
  const context: VerbContext = {
    host,
    json: options.json === true,
    signal: interruption?.signal ?? new AbortController().signal,
    onProgress: progress.listener,
    palette: paletteFor(host.stdout, host.environment, options.color),
    note(sentence) {
      if (options.quiet) return;
      progress.clear();
      host.stderr.write(`${sentence}\n`);
    },
    write: (text) => writeResult(host, text),
  };
  try {
    const result = await action(options as never, context);
    progress.clear();
    if (result === undefined) return 0;
    await writeResult(host, context.json ? documentOf(result) : withLineFeed(result.text));
    if (result.error !== undefined) throw result.error;
    return result.exitCode ?? 0;
  } finally {
    progress.clear();
    interruption?.dispose();
  }
}

function documentOf({ json }: VerbResult): string {
  return `${JSON.stringify({ schemaVersion: 1, ...json })}\n`;
}

function withLineFeed(text: string): string {
  return text === "" || text.endsWith("\n") ? text : `${text}\n`;
}
