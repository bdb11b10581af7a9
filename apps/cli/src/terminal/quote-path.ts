import { platform } from "node:process";

/** A path as one word of a command line that can be pasted: in quotes where a shell would take it apart. */
export function quotePath(path: string, system: string = platform): string {
  if (/^[\w@%+=:,./\\-]+$/.test(path)) return path;
  return system === "win32" ? `"${path}"` : `'${path.replaceAll("'", "'\\''")}'`;
}
