import type { AdapterMethod } from "@attune/peft-core";
import type { Workbench } from "../workbench.ts";

/** Options that a method is tested with, and what is special about them. */
export interface AdapterCase {
  readonly name: string;
  readonly options: unknown;
  /** False where the first values change the model's outputs. Default true. */
  readonly startsAsBase?: boolean | undefined;
  /** False where the method refuses to merge. Default true. */
  readonly merges?: boolean | undefined;
  /** False where the method refuses to take an adapter out of merged weights. Default as `merges`. */
  readonly unmerges?: boolean | undefined;
}

/** A method under one set of options. */
export interface Subject {
  readonly method: AdapterMethod;
  readonly adapterCase: AdapterCase;
  /** A fresh tiny model with one adapter a name, under the case's options or others; it is disposed when the check is over. */
  workbench(names?: readonly string[], options?: unknown): Promise<Workbench>;
}

/** Something that every method must satisfy. */
export interface Check {
  /** A sentence about the method. */
  readonly name: string;
  run(subject: Subject): Promise<void>;
}
