// A child process that runs items, heard line by line; killed when it is silent for too long or the time is over.
import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import type { WorkerLine, WorkerRequest } from "./worker-line.ts";

/** How a child ended: as it said itself, or `why` its life was cut short. */
export interface WorkerEnd {
  readonly how: "end" | "again" | "broken" | "late" | "silent" | "died";
  readonly why: string;
  /** The end of what it printed beside its lines. */
  readonly printed: string;
}

/** How a child is run. */
export interface WorkerRun {
  readonly environment: Readonly<Record<string, string>>;
  /** Milliseconds without a line after which it is killed, and milliseconds that it has in all. */
  readonly silence: number;
  readonly remaining: number;
  /** The module that it runs. */
  readonly worker?: string | undefined;
  readonly onLine: (line: WorkerLine) => void;
}

/** Children that are alive: none outlives this process. */
const alive = new Set<ChildProcess>();
process.on("exit", () => {
  for (const child of alive) child.kill("SIGKILL");
});

const sectionWorker = fileURLToPath(new URL("../section-worker.ts", import.meta.url));
const mostPrinted = 6000;
/** Milliseconds that a killed child may take to end: one that hangs in its driver never does, and is left behind. */
const patience = 10_000;

/** Runs a child to its end. */
export async function runWorker(
  request: WorkerRequest,
  { environment, silence, remaining, worker = sectionWorker, onLine }: WorkerRun,
): Promise<WorkerEnd> {
  const conditions = process.execArgv.filter((argument) => argument.startsWith("--conditions="));
  const child = spawn(process.execPath, [...conditions, worker, JSON.stringify(request)], {
    env: { ...process.env, ...environment },
    stdio: ["ignore", "pipe", "pipe"],
  });
  alive.add(child);
  const end: { how: WorkerEnd["how"]; why: string } = { how: "died", why: "" };
  let printed = "";
  const print = (text: string): void => {
    printed = `${printed}${text}`.slice(-mostPrinted);
  };
  const kill = (reason: "late" | "silent", sentence: string): void => {
    Object.assign(end, { how: reason, why: sentence });
    child.kill("SIGKILL");
    setTimeout(() => child.stdout.destroy(), patience).unref();
  };
  const listen = (): NodeJS.Timeout =>
    setTimeout(() => kill("silent", `no sign of life for ${Math.round(silence / 1000)} seconds`), silence);
  let quiet = listen();
  const deadline = setTimeout(() => kill("late", "the section's time was over"), Math.max(0, remaining));
  child.stderr.setEncoding("utf8").on("data", print);
  const ended = new Promise<string>((resolve) => {
    child.on("error", (error) => resolve(error.message));
    child.on("close", (code, signal) => resolve(signal === null ? `exit code ${code}` : `signal ${signal}`));
  });
  for await (const text of createInterface({ input: child.stdout })) {
    const line = parseLine(text);
    if (line === undefined) {
      print(`${text}\n`);
      continue;
    }
    clearTimeout(quiet);
    quiet = listen();
    if (line.say === "end" || line.say === "again" || line.say === "broken") end.how = line.say;
    onLine(line);
  }
  const exit = end.how === "late" || end.how === "silent" ? "" : await ended;
  alive.delete(child);
  clearTimeout(quiet);
  clearTimeout(deadline);
  return { how: end.how, why: end.why || exit, printed };
}

function parseLine(text: string): WorkerLine | undefined {
  if (!text.startsWith('{"say":')) return undefined;
  try {
    return JSON.parse(text) as WorkerLine;
  } catch {
    return undefined;
  }
}
