import { randomBytes } from "node:crypto";
import { readdir, rm } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { fileError, isNotFound } from "./file-error.ts";
import { isProcessAlive } from "./process-identity.ts";

const temporaryName = /\.(\d+)-[0-9a-f]{12}\.tmp$/;

/** Returns a fresh name beside `path`, on the same file system, for what will be renamed to `path`. */
export function temporaryPathFor(path: string): string {
  return `${path}.${process.pid}-${randomBytes(6).toString("hex")}.tmp`;
}

/** Whether `name` is a temporary name that `temporaryPathFor` made for a file or folder called `target`. */
export function isTemporaryOf(target: string, name: string): boolean {
  return temporaryName.test(name) && name.replace(temporaryName, "") === target;
}

/** Removes what killed writers left beside `path` under the names that `temporaryPathFor` gave them; living ones keep theirs. */
export async function removeTemporariesOf(path: string): Promise<void> {
  const folder = dirname(path);
  const names = await readdir(folder).catch((error: unknown) => {
    if (isNotFound(error)) return [];
    throw fileError(error, folder);
  });
  for (const name of names.filter((each) => isTemporaryOf(basename(path), each)))
    await removeUnlessAlive(join(folder, name));
}

/** Removes what bears a temporary name unless its writer lives. Returns whether it did. */
async function removeUnlessAlive(path: string): Promise<boolean> {
  const pid = Number(temporaryName.exec(path)![1]);
  if (isProcessAlive(pid, undefined)) return false;
  await rm(path, { recursive: true, force: true });
  return true;
}

/**
 * Removes what killed writers left under temporary names in a folder and all folders below it, and returns the paths.
 * Names of living processes of this host stay; on a shared disk hold the run's lock.
 */
export async function removeTemporaryFiles(folder: string): Promise<string[]> {
  const removed: string[] = [];
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (temporaryName.test(entry.name)) {
      if (await removeUnlessAlive(path)) removed.push(path);
    } else if (entry.isDirectory()) {
      removed.push(...(await removeTemporaryFiles(path)));
    }
  }
  return removed;
}
