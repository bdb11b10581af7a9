/**
 * A folder that is replaced as a whole. With `checkpoint` as the example, a replacement is
 *
 *   build checkpoint.<pid>-<random>.tmp, sync      killed: the old one is in place
 *   rename it to checkpoint.attune-next            from here on the new one counts
 *   rename checkpoint to checkpoint.attune-previous    killed: recovery goes on from checkpoint.attune-next
 *   rename checkpoint.attune-next to checkpoint
 *   remove checkpoint.attune-previous
 *
 * so that at any instant one complete folder exists, old or new, and `recoverFolder` puts it in place.
 */
import { mkdir, readdir, rm, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { AttuneError } from "@attune/spec";
import { fileError, isNotFound } from "./file-error.ts";
import { findUnlisted, verifyFolder, writeFolderManifest } from "./folder-manifest.ts";
import { renameDurably, syncFolder, syncTree } from "./sync.ts";
import { isTemporaryOf, temporaryPathFor } from "./temporary-path.ts";
import { writtenPath } from "./written-path.ts";

// Names that nobody else gives to a copy of the folder: what bears them is renamed and removed.
const nextOf = (target: string): string => `${target}.attune-next`;
const previousOf = (target: string): string => `${target}.attune-previous`;

/**
 * Replaces a folder, or creates it, so that a kill at any instant leaves the old or the new one complete (after
 * `openFolder` or `recoverFolder`). `build` writes the new content into the empty folder that it is given; a manifest
 * with the hash of each file is added; folders above it are made. One writer at a time: hold the run's lock.
 *
 * Throws what `build` throws, `DISK_FULL`, or `FILE_EXISTS` as `assertReplaceable` does; the old folder then stays.
 */
export async function replaceFolder(path: string, build: (folder: string) => Promise<void>): Promise<void> {
  const target = await writtenPath(path);
  const temporary = temporaryPathFor(target);
  try {
    await mkdir(dirname(target), { recursive: true });
    await assertReplaceable(target);
    await mkdir(temporary);
    await build(temporary);
    await writeFolderManifest(temporary);
    await syncTree(temporary);
    await renameDurably(temporary, nextOf(target));
    await syncFolder(dirname(target));
    await recoverFolder(target);
  } catch (error) {
    await rm(temporary, { recursive: true, force: true });
    throw fileError(error, path);
  }
}

/**
 * Makes sure that a replacement loses nothing that somebody else put there: the path must be free, an empty folder, or a
 * folder with the files that `replaceFolder` wrote and no others. Call it before work whose result is to be written there.
 *
 * Throws `FILE_EXISTS` naming what is in the way.
 */
export async function assertReplaceable(path: string): Promise<void> {
  const target = await writtenPath(path);
  try {
    if (!(await recoverFolder(target))) return;
    const isFolder = (await stat(target)).isDirectory();
    const unlisted = isFolder ? await findUnlisted(target) : undefined;
    if (isFolder && unlisted === undefined) return;
    const found =
      unlisted === undefined ? `${path} is no folder` : `${path} holds ${unlisted}, which Attune did not write`;
    throw new AttuneError("FILE_EXISTS", `Expected a free path to write a folder to, but ${found}.`, {
      hint: "Choose another path, or move away what is there: the folder is replaced as a whole.",
      details: { file: unlisted === undefined ? target : join(target, unlisted) },
    });
  } catch (error) {
    throw fileError(error, path);
  }
}

/**
 * Finishes or undoes a replacement that was interrupted, and removes what a killed writer left. Returns whether the
 * folder is there. Needs no care about its own interruption: every step can be repeated.
 */
export async function recoverFolder(path: string): Promise<boolean> {
  const target = await writtenPath(path);
  const [next, previous] = [nextOf(target), previousOf(target)];
  if (await exists(next)) {
    if (await exists(target)) {
      await rm(previous, { recursive: true, force: true });
      await renameDurably(target, previous);
    }
    await renameDurably(next, target);
    await syncFolder(dirname(target));
  } else if (!(await exists(target)) && (await exists(previous))) {
    await renameDurably(previous, target);
    await syncFolder(dirname(target));
  }
  await removeLeftovers(target);
  return await exists(target);
}

/**
 * Recovers a folder written by `replaceFolder` and compares every file with the manifest. Returns its path, or
 * undefined when there is none. Throws `FILE_CORRUPT` naming the file that is not what was written.
 */
export async function openFolder(path: string): Promise<string | undefined> {
  const target = await writtenPath(path);
  if (!(await recoverFolder(target))) return undefined;
  await verifyFolder(target);
  return target;
}

async function removeLeftovers(target: string): Promise<void> {
  await rm(previousOf(target), { recursive: true, force: true });
  const parent = dirname(target);
  if (!(await exists(parent))) return;
  for (const name of await readdir(parent)) {
    if (isTemporaryOf(basename(target), name)) await rm(join(parent, name), { recursive: true, force: true });
  }
}

async function exists(path: string): Promise<boolean> {
  try {
    await stat(path);
    return true;
  } catch (error) {
    if (isNotFound(error)) return false;
    throw fileError(error, path);
  }
}
