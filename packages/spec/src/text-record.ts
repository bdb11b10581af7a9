import type { JsonObject } from "./json.ts";

/** One text with its provenance: what flows through every data stage. */
export interface TextRecord {
  /** Unique in its data set. */
  readonly id: string;
  /** The text itself. */
  readonly text: string;
  /** Where it came from: a file, a package, a URL. */
  readonly source: string;
  /** SPDX identifier or name of the licence, when it is known. */
  readonly licence?: string | undefined;
  /** Ids of the records it was made from. */
  readonly parents?: readonly string[] | undefined;
  /** Class or answer that belongs to it. */
  readonly label?: string | undefined;
  /** Anything else that later stages or reports need. */
  readonly metadata?: JsonObject | undefined;
}
