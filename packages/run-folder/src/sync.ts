import { type FileHandle, open, readdir, rename } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";

/** Makes the names in a folder durable. Windows cannot open folders and keeps its metadata in a journal by itself. */
export async function syncFolder(folder: string): Promise<void> {
  if (process.platform === "win32") return;
  await withHandle(folder, "r", (handle) => handle.sync());
}

/** Makes all files and names below a folder durable. */
export async function syncTree(folder: string): Promise<void> {
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) await syncTree(path);
    else if (entry.isFile()) await withHandle(path, "r+", (handle) => handle.sync());
  }
  await syncFolder(folder);
}

/** Opens a file, hands it to the action and closes it however the action ends. */
export async function withHandle<T>(
  path: string,
  flags: string,
  action: (handle: FileHandle) => Promise<T>,
): Promise<T> {
  const handle = await open(path, flags);
  try {
    return await action(handle);
  } finally {
    await handle.close();
  }
}

/** Renames; on Windows waits for virus scanners and indexers that hold the target open for a moment. */
export async function renameDurably(from: string, to: string): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await rename(from, to);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      const held = process.platform === "win32" && (code === "EPERM" || code === "EACCES" || code === "EBUSY");
      if (!held || attempt === 10) throw error;
      await delay(10 * attempt);
    }
  }
}
