import { join } from "node:path";
import { AttuneError } from "@attune/spec";

/** The paths of a run folder: what is where, so that no other package spells a file name. */
export interface RunFolderLayout {
  /** The folder itself. */
  readonly folder: string;
  /** The configuration with every default and override resolved, YAML. */
  readonly config: string;
  /** Versions, device, seed, git revision, JSON. */
  readonly environment: string;
  /** Memory and time predicted before step 1, JSON. */
  readonly plan: string;
  /** One line per logged step, JSON lines. */
  readonly metrics: string;
  /** Where the time of a training step goes, of runs that were profiled, JSON. */
  readonly profile: string;
  /** Everything that `--resume` needs; replaced as a whole. */
  readonly checkpoint: string;
  /** The trained adapter, a PEFT folder. */
  readonly adapter: string;
  /** The trained model, a HF folder. */
  readonly model: string;
  /** Base and adapter merged, a HF folder. */
  readonly merged: string;
  /** Folder of the cached stages' results. */
  readonly cache: string;
  /** The report, one HTML file. */
  readonly report: string;
  /** Output folder of a data stage, and its manifest. Throws `OPTIONS_INVALID` for a name that is no file name. */
  data(stage: string): { readonly folder: string; readonly manifest: string };
  /** Predictions of an evaluation stage, JSON lines. Throws `OPTIONS_INVALID` for a name that is no file name. */
  evaluation(stage: string): string;
}

/**
 * Returns the paths of a run folder; touches no file. Asking for the paths of a stage throws `OPTIONS_INVALID` for a name that is no file
 * name.
 */
export function runFolderLayout(folder: string): RunFolderLayout {
  return {
    folder,
    config: join(folder, "config.resolved.yaml"),
    environment: join(folder, "environment.json"),
    plan: join(folder, "plan.json"),
    metrics: join(folder, "metrics.jsonl"),
    profile: join(folder, "profile.json"),
    checkpoint: join(folder, "checkpoint"),
    adapter: join(folder, "adapter"),
    model: join(folder, "model"),
    merged: join(folder, "merged"),
    cache: join(folder, "cache"),
    report: join(folder, "report.html"),
    data(stage) {
      const stageFolder = join(folder, "data", checkStageName(stage));
      return { folder: stageFolder, manifest: join(stageFolder, "manifest.json") };
    },
    evaluation: (stage) => join(folder, "eval", `${checkStageName(stage)}.jsonl`),
  };
}

function checkStageName(stage: string): string {
  if (/^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/.test(stage)) return stage;
  throw new AttuneError(
    "OPTIONS_INVALID",
    `Expected the name of a stage made of letters, digits, ".", "_" and "-", but received ${JSON.stringify(stage)}.`,
    { details: { key: stage } },
  );
}
