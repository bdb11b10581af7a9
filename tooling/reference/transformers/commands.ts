/**
 * Runs command lines of `attune` one after the other in one process: each line of stdin is a JSON array of arguments, each
 * line of stdout a JSON object of `code`, `stdout` and `stderr`. A process a command would take longer to start than to work.
 */
import { createInterface } from "node:readline";
import { Readable, Writable } from "node:stream";
import { main } from "../../../apps/cli/src/index.ts";

function collector(): { stream: Writable; text: () => string } {
  const pieces: string[] = [];
  const stream = new Writable({
    write(chunk: Buffer | string, _encoding, done) {
      pieces.push(String(chunk));
      done();
    },
  });
  return { stream, text: () => pieces.join("") };
}

for await (const line of createInterface({ input: process.stdin })) {
  const [stdout, stderr] = [collector(), collector()];
  const code = await main(JSON.parse(line) as string[], {
    stdin: Readable.from([]),
    stdout: stdout.stream,
    stderr: stderr.stream,
    environment: {},
  });
  process.stdout.write(`${JSON.stringify({ code, stdout: stdout.text(), stderr: stderr.text() })}\n`);
}
