import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Writable } from "node:stream";
import { fileURLToPath } from "node:url";
import { afterAll } from "vitest";
import { main } from "../src/index.ts";

const bin = fileURLToPath(new URL("../bin/attune.js", import.meta.url));

/** What a command left behind. */
export interface Finished {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** How a command is started. */
export interface SpawnOptions {
  readonly stdin?: string;
  readonly directory?: string;
  readonly environment?: Readonly<Record<string, string>>;
  /** Called with stderr so far, whenever there is more; may send signals. */
  readonly onStderr?: (text: string, kill: (signal: NodeJS.Signals) => void) => void;
}

/** Runs the command in a process of its own, from the sources. */
export async function spawnAttune(commandLine: readonly string[], options: SpawnOptions = {}): Promise<Finished> {
  const { stdin = "", directory, environment, onStderr } = options;
  const child = spawn(process.execPath, ["--conditions=@attune/source", bin, ...commandLine], {
    cwd: directory,
    // No native library unless a test asks for one: results must not depend on what is installed here.
    env: { ...plainEnvironment(), ATTUNE_BLAS: "off", ...environment },
  });
  let [stdout, stderr] = ["", ""];
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    stdout += text;
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    stderr += text;
    onStderr?.(stderr, (signal) => child.kill(signal));
  });
  // A command that fails before it reads closes its stdin.
  child.stdin.on("error", () => {}).end(stdin);
  const [code] = (await once(child, "close")) as [number | null];
  return { code, stdout, stderr };
}

/** Runs the command in this process: for what needs no process of its own. */
export async function runAttune(
  commandLine: readonly string[],
  stdin = "",
  environment: Readonly<Record<string, string>> = {},
): Promise<Finished> {
  const { Readable } = await import("node:stream");
  const [stdout, stderr] = [collector(), collector()];
  const code = await main(commandLine, {
    stdin: Readable.from(stdin === "" ? [] : [Buffer.from(stdin)]),
    stdout: stdout.stream,
    stderr: stderr.stream,
    environment,
  });
  return { code, stdout: stdout.text(), stderr: stderr.text() };
}

/** Runs the command in this process and parses the one document that it prints; throws what it says when it fails. */
export async function attuneJson<T = Record<string, unknown>>(commandLine: readonly string[], stdin = ""): Promise<T> {
  const { code, stdout, stderr } = await runAttune([...commandLine, "--json"], stdin);
  if (code !== 0) throw new Error(`attune ${commandLine.join(" ")} ended with ${code}: ${stderr}`);
  return JSON.parse(stdout) as T;
}

/** A folder for one test file, removed afterwards. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "attune-cli-"));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

function plainEnvironment(): Record<string, string | undefined> {
  return Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !/^(ATTUNE_|NO_COLOR|FORCE_COLOR|CI$)/.test(name)),
  );
}

function collector() {
  const pieces: string[] = [];
  const stream = new Writable({
    write(chunk: Buffer | string, _encoding, done) {
      pieces.push(String(chunk));
      done();
    },
  });
  return { stream, text: () => pieces.join("") };
}
