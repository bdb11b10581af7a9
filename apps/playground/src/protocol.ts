// What the page and the worker that trains say to each other. Everything is plain data.
import type { TunerSettings } from "./tuner/settings.ts";

/** What is known of rows before a run. */
export interface RowSummary {
  readonly rows: number;
  readonly tokens: number;
  readonly trainedTokens: number;
  /** Prompts of the first rows, to try the model on. */
  readonly prompts: readonly string[];
}

/** Model and device, once they are there. */
export interface OpenedModel {
  readonly device: string;
  readonly parameters: number;
}

/** How a run ended: at its last step, or where it was stopped. */
export interface RunEnd {
  readonly step: number;
  readonly steps: number;
}

/** Whose answer is wanted: the model's as it came, or with the adapter. */
export type Side = "base" | "adapted";

/** A text to be continued by each side in turn. */
export interface GenerateRequest {
  readonly prompt: string;
  readonly sides: readonly Side[];
  readonly maxNewTokens: number;
  /** 0 takes the likeliest token. */
  readonly temperature: number;
  readonly seed: number;
}

/** Calls of the page by name: what each takes and gives. */
export interface TunerCalls {
  open: { takes: { readonly modelUrl: string }; gives: OpenedModel };
  inspect: { takes: { readonly text: string }; gives: RowSummary };
  train: { takes: { readonly text: string; readonly settings: TunerSettings }; gives: RunEnd };
  resume: { takes: Record<string, never>; gives: RunEnd };
  generate: { takes: GenerateRequest; gives: Readonly<Record<Side, string>> };
  adapter: { takes: Record<string, never>; gives: Readonly<Record<string, string | Uint8Array>> };
}

/** One optimizer step. */
export interface StepProgress {
  readonly kind: "step";
  readonly step: number;
  readonly steps: number;
  readonly loss: number;
  readonly tokensPerSecond: number;
  readonly secondsLeft: number;
  /** Bytes on the device. */
  readonly memory: number;
  readonly trainable: number;
}

/** What the worker tells unasked. */
export type TunerEvent =
  | { readonly kind: "download"; readonly done: number; readonly total: number }
  | { readonly kind: "phase"; readonly phase: "opening" | "compiling" | "training" | "generating" }
  | { readonly kind: "recovered"; readonly reason: string; readonly step: number }
  | { readonly kind: "piece"; readonly side: Side; readonly text: string }
  | StepProgress;

/** An AttuneError as it crosses from the worker. */
export interface SentError {
  readonly code: string;
  readonly message: string;
  readonly hint: string | undefined;
  /** The setting it is about. */
  readonly key: string | undefined;
}

/** From the page: a call, or the wish that the run stops after its step. */
export type ToWorker =
  | { readonly kind: "stop" }
  | {
      [Name in keyof TunerCalls]: {
        readonly kind: "call";
        readonly id: number;
        readonly name: Name;
        readonly value: TunerCalls[Name]["takes"];
      };
    }[keyof TunerCalls];

/** From the worker: the end of a call, or an event. */
export type FromWorker =
  | { readonly kind: "result"; readonly id: number; readonly value: unknown }
  | { readonly kind: "error"; readonly id: number; readonly error: SentError }
  | { readonly kind: "event"; readonly event: TunerEvent };
