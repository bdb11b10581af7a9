import type { AttuneError, JsonObject, ProgressListener } from "@attune/spec";
import type { Command } from "commander";
import type { Host } from "./host.ts";
import type { Palette } from "./terminal/palette.ts";

/** What every verb is given beside its own options. */
export interface VerbContext {
  readonly host: Host;
  /** Whether the result is printed as JSON. */
  readonly json: boolean;
  /** Aborted by the first SIGINT; only of verbs that are interruptible. */
  readonly signal: AbortSignal;
  readonly onProgress: ProgressListener;
  /** Colours for the result. */
  readonly palette: Palette;
  /** Prints a line on stderr, unless the command is quiet. */
  note(sentence: string): void;
  /** Prints a piece of the result at once, for results that grow while they are made. */
  write(text: string): Promise<void>;
}

/** What a verb hands back to be printed; nothing where it has written everything itself. */
export interface VerbResult {
  /** One document; `schemaVersion` is put in front. */
  readonly json: JsonObject;
  /** The same for a reader. */
  readonly text: string;
  /** Exit code; default 0. */
  readonly exitCode?: number | undefined;
  /** What is reported behind the result, with its own exit code: a gate that was not met. */
  readonly error?: AttuneError | undefined;
}

/** The work of a verb. Options are as commander parsed them, each checked by its own parser. */
export type VerbAction<Options> = (options: Options, context: VerbContext) => Promise<VerbResult | undefined>;

/** A verb: what its help says, and where its work is. Work is imported when the verb runs, so that help is fast. */
export interface Verb<Options = never> {
  /** Words after `attune`, for example `data clean`. */
  readonly name: string;
  readonly summary: string;
  /** Positional arguments: name and description. They arrive as options of that name. */
  readonly arguments?: readonly (readonly [name: string, description: string])[];
  /** Command lines that work as they are, given the files they name. */
  readonly examples: readonly string[];
  /** Whether it runs a model: adds --seed, --device, --threads and --memory. */
  readonly computes?: boolean;
  /** Whether SIGINT ends it in order. */
  readonly interruptible?: boolean;
  configure?(command: Command): void;
  load(): Promise<VerbAction<Options>>;
}

/** Options that every verb has. */
export interface OutputOptions {
  readonly json?: boolean;
  readonly quiet?: boolean;
  readonly verbose?: boolean;
  readonly color: boolean;
  readonly progress: "auto" | "bar" | "plain" | "none";
}

/** Options of verbs that compute. */
export interface ComputeOptions {
  readonly seed: number;
  readonly device: string;
  readonly products: "f32" | "f16";
  readonly threads?: number;
  readonly memory?: string;
}
