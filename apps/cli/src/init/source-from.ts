import type { FileReadingOptions } from "../options/data-options.ts";
import type { DraftSource } from "./inspect-data.ts";

/** The source that the options describe. */
export function sourceFrom({ include, format, unit, columns }: FileReadingOptions, path: string): DraftSource {
  return {
    path,
    ...(include !== undefined && { include }),
    ...(format !== undefined && { format }),
    ...(unit !== undefined && { unit }),
    ...(columns !== undefined && { columns }),
  };
}
