import { fileURLToPath } from "node:url";
import type { Measured } from "./interleave.ts";
import type { SubjectCommand } from "./subject.ts";
import { peersFolder, pythonPath } from "./workplace.ts";

/** How a row is measured. */
export interface RowContext {
  /** A quick run that proves that the row works; its numbers mean little. */
  readonly short: boolean;
}

/** A row of the bench: one question, answered by subjects in turn. */
export interface Row {
  readonly id: string;
  readonly title: string;
  /** What a case's seconds are turned into, for readers: a rate has the name of its unit. */
  readonly unit: string;
  /** About how long the whole row takes on two quiet cores. */
  readonly minutes: number;
  /** From a case's seconds to its unit. */
  rate(sample: { readonly seconds: number; readonly [key: string]: unknown }, request: object): number;
  run(context: RowContext): Promise<Measured>;
}

const place = (path: string): string => fileURLToPath(new URL(`../${path}`, import.meta.url));

/** A subject that runs Attune's sources. */
export function attuneSubject(name: string, file: string, options: object): SubjectCommand {
  const flags = ["--conditions=@attune/source", "--disable-warning=ExperimentalWarning"];
  const given = [...flags, place(`subjects/${file}`), JSON.stringify(options)];
  return { name, launch: () => ({ command: process.execPath, arguments: given }) };
}

/** A subject in the peers' Python environment. */
export function pythonSubject(name: string, file: string, options: { readonly threads: number }): SubjectCommand {
  const threads = String(options.threads);
  return {
    name,
    launch: () => ({
      command: pythonPath(),
      arguments: [place(`python/${file}`), JSON.stringify(options)],
      environment: {
        OMP_NUM_THREADS: threads,
        MKL_NUM_THREADS: threads,
        TOKENIZERS_PARALLELISM: "false",
        HF_HUB_OFFLINE: "1",
      },
    }),
  };
}

/** A subject of the npm registry. */
export function peerSubject(name: string, file: string, options: object): SubjectCommand {
  return {
    name,
    launch: () => ({
      command: process.execPath,
      arguments: [file, JSON.stringify(options)],
      directory: peersFolder(),
    }),
  };
}
