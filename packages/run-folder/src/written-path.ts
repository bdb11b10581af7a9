import { lstat, realpath } from "node:fs/promises";
import { resolve } from "node:path";
import { AttuneError } from "@attune/spec";
import { fileError, isNotFound } from "./file-error.ts";

/** The absolute path that is written for `path`: what a link leads to, so that the link stays. */
export async function writtenPath(path: string): Promise<string> {
  try {
    return await realpath(path);
  } catch (error) {
    if (isNotFound(error)) return resolve(path);
    throw fileError(error, path);
  }
}

/** Throws `FILE_EXISTS` where `path` is a device, a pipe or another thing that a file cannot stand in for. */
export async function assertReplaceableFile(path: string): Promise<void> {
  const status = await lstatOf(path);
  if (status === undefined || status.isFile()) return;
  const kind = status.isDirectory()
    ? "a folder"
    : status.isSymbolicLink()
      ? "a link that leads nowhere"
      : "a device or a pipe";
  throw new AttuneError("FILE_EXISTS", `Expected to write the file ${path}, but ${kind} is there.`, {
    hint: "Choose another path.",
    details: { file: path },
  });
}

async function lstatOf(path: string): Promise<Awaited<ReturnType<typeof lstat>> | undefined> {
  try {
    return await lstat(path);
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw fileError(error, path);
  }
}
