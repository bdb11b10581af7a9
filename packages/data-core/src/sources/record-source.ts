import type { JsonObject, TextRecord } from "@attune/spec";

/** Where records come from; can be opened more than once and gives the same records each time. */
export interface RecordSource {
  /** What it is, for the manifest. */
  readonly description: JsonObject;
  /** A text that changes when the records change; part of the key under which results are cached. */
  fingerprint(): Promise<string>;
  /** Streams the records. */
  open(options?: { readonly signal?: AbortSignal | undefined }): AsyncIterable<TextRecord>;
}
