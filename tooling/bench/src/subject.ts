// A subject is a process that prepares once and then does the same work each time it is asked: one JSON line in, one out.
import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";

/** A program that is a subject. */
export interface Launch {
  readonly command: string;
  readonly arguments: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly directory?: string;
}

/** How a subject is started. */
export interface SubjectCommand {
  /** As it stands in the row. */
  readonly name: string;
  /** What is started; installs what it needs if that is not there. @throws Error why it cannot be had */
  readonly launch: () => Launch;
}

/** What one piece of work gave; further fields are the row's. */
export interface Sample {
  readonly seconds: number;
  readonly [key: string]: unknown;
}

/** A subject that is ready. */
export interface Subject {
  readonly name: string;
  /** What it said when it was ready: versions, counts. */
  readonly ready: Readonly<Record<string, unknown>>;
  /** Does the work once; a row may name which. */
  run(request?: unknown): Promise<Sample>;
  /** Ends it; the largest memory that it ever held, in bytes, if that is the memory of its work. */
  close(): Promise<number | null>;
}

const prefix = "@bench ";

/** Variables that hold a library to the code of an older processor; every library here chooses for itself. */
const codePathVariables: readonly string[] = [
  "OPENBLAS_CORETYPE",
  "MKL_ENABLE_INSTRUCTIONS",
  "MKL_DEBUG_CPU_TYPE",
  "BLIS_ARCH_TYPE",
  "ATEN_CPU_CAPABILITY",
  "ONEDNN_MAX_CPU_ISA",
];

const inherited = Object.fromEntries(Object.entries(process.env).filter(([name]) => !codePathVariables.includes(name)));

/** Starts a subject and waits until it is ready. @throws Error with the end of what it printed if it dies */
export async function startSubject(subject: SubjectCommand): Promise<Subject> {
  const { command, arguments: given, directory, environment } = subject.launch();
  const child = spawn(command, given, {
    cwd: directory,
    env: { ...inherited, ...environment },
    stdio: ["pipe", "pipe", "pipe"],
  });
  const next = answersOf(child);
  const ask = async (request: unknown): Promise<Record<string, unknown>> => {
    child.stdin!.write(`${JSON.stringify(request)}\n`);
    return next();
  };
  const ready = await next();
  return {
    name: subject.name,
    ready,
    run: async (request = {}) => (await ask({ run: request })) as Sample,
    async close() {
      const { peakBytes } = await ask({ end: true });
      child.stdin!.end();
      return typeof peakBytes === "number" ? peakBytes : null;
    },
  };
}

/** The last line of what it printed says most; the system kills without a word where memory ends. */
function howItEnded(code: number | null, signal: string | null, printed: readonly string[]): string {
  if (signal === "SIGKILL") return "it was killed (SIGKILL), most likely for want of memory";
  return `it ended with ${signal ?? `code ${code}`}: ${printed.findLast((line) => line.trim() !== "") ?? "it printed nothing"}`;
}

/** The subject's answers, one after the other. */
function answersOf(child: ChildProcess): () => Promise<Record<string, unknown>> {
  const answers: Record<string, unknown>[] = [];
  const printed: string[] = [];
  let wake: () => void = () => {};
  let ended: string | undefined;
  const keep = (text: string): void => {
    printed.push(text);
    if (printed.length > 40) printed.shift();
  };
  createInterface({ input: child.stdout! }).on("line", (line) => {
    if (line.startsWith(prefix)) answers.push(JSON.parse(line.slice(prefix.length)) as Record<string, unknown>);
    else keep(line);
    wake();
  });
  createInterface({ input: child.stderr! }).on("line", keep);
  child.on("error", (error) => {
    ended = error.message;
    wake();
  });
  child.on("close", (code, signal) => {
    ended = howItEnded(code, signal, printed);
    wake();
  });
  return async () => {
    while (answers.length === 0) {
      if (ended !== undefined) throw new Error(`${ended}\n${printed.join("\n")}`);
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
    return answers.shift()!;
  };
}
