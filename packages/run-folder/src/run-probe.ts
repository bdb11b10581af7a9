// What may crash or hang a process, a native library or a GPU's driver, is tried in a child process first. The child says what it is
// about to do before it does it, a JSON object a line, so that its parent knows what killed it.
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import type { JsonObject } from "@attune/spec";

/** What a probe is given, and how it is heard. */
export interface ProbeOptions {
  readonly arguments: readonly string[];
  /** Variables of the child beside those of this process. */
  readonly environment?: Readonly<Record<string, string>> | undefined;
  /** Milliseconds from one line to the next after which the child is killed. */
  readonly timeout: number;
  /** Takes each JSON object that the child prints on a line of its own; what else it prints is passed over. */
  readonly onLine: (line: JsonObject) => void;
}

/** Runs a module in a child process until it ends, dies or is silent for too long; says how it ended, such as `signal SIGSEGV`. */
export async function runProbe(module: URL, options: ProbeOptions): Promise<string> {
  const { arguments: given, environment, timeout, onLine } = options;
  const child = spawn(process.execPath, [...conditions(), fileURLToPath(module), ...given], {
    env: { ...process.env, ...environment },
    stdio: ["ignore", "pipe", "ignore"],
  });
  let late = false;
  const giveUp = (): void => {
    late = true;
    child.kill("SIGKILL");
  };
  let timer = setTimeout(giveUp, timeout);
  const ended = new Promise<string>((resolve) => {
    child.on("error", (error) => resolve(error.message));
    child.on("close", (code, signal) => resolve(signal === null ? `exit code ${code}` : `signal ${signal}`));
  });
  for await (const text of createInterface({ input: child.stdout })) {
    const line = parseLine(text);
    if (line === undefined) continue;
    clearTimeout(timer);
    timer = setTimeout(giveUp, timeout);
    onLine(line);
  }
  const reason = await ended;
  clearTimeout(timer);
  return late ? `no answer within ${timeout} ms` : reason;
}

function parseLine(text: string): JsonObject | undefined {
  try {
    const line: unknown = JSON.parse(text);
    return typeof line === "object" && line !== null && !Array.isArray(line) ? (line as JsonObject) : undefined;
  } catch {
    return undefined;
  }
}

/** How this process resolves packages. Nothing else of its arguments: a program given by --eval would run again. */
function conditions(): string[] {
  return process.execArgv.filter((argument) => argument.startsWith("--conditions="));
}
