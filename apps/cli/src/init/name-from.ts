import { basename } from "node:path";

/** The name of a data file without endings, in the letters that a run's name may have. */
export function nameFrom(path: string): string {
  const plain = basename(path).replace(/\.[a-z]+(\.gz)?$/i, "");
  const name = plain.replaceAll(/[^A-Za-z0-9._-]+/g, "-").replace(/^[^A-Za-z0-9]+/, "");
  return name === "" ? "run" : name.slice(0, 100);
}
