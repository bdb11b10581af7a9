import type { FileReadingOptions } from "./data-options.ts";

/** Files, and how they are read: what `data.source` of a recipe says. */
export type FileSource = FileReadingOptions & { readonly path: string };

/** The source that the options describe. */
export function sourceFrom({ include, format, unit, columns, keep }: FileReadingOptions, path: string): FileSource {
  return {
    path,
    ...(include !== undefined && { include }),
    ...(format !== undefined && { format }),
    ...(unit !== undefined && { unit }),
    ...(columns !== undefined && { columns }),
    ...(keep !== undefined && { keep }),
  };
}
