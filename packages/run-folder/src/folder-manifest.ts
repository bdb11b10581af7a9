import { readdir, stat } from "node:fs/promises";
import { join, sep } from "node:path";
import { AttuneError, isJsonObject, type JsonObject, type JsonValue } from "@attune/spec";
import { isNotFound } from "./file-error.ts";
import { hashFile } from "./hash.ts";
import { readJson, writeJsonAtomic } from "./json-file.ts";

/** Name of the file that lists a folder's files with size and hash. */
const folderManifestName = "files.json";

interface FileEntry {
  readonly bytes: number;
  readonly sha256: string;
}

/** Lists all files below a folder with size and hash in `files.json`. Throws `INPUT_INVALID` for links and devices. */
export async function writeFolderManifest(folder: string): Promise<void> {
  const files: Record<string, JsonObject> = {};
  for (const name of await listFiles(folder)) files[name] = { ...(await describeFile(join(folder, name))) };
  await writeJsonAtomic(join(folder, folderManifestName), { version: 1, files });
}

/**
 * Compares a folder with its manifest. Throws `FILE_CORRUPT` naming the file for one that is missing, was changed or
 * was added, and for a manifest that is missing or cannot be read.
 */
export async function verifyFolder(folder: string): Promise<void> {
  const expected = await readManifest(folder);
  const actual = new Set(await listFiles(folder));
  for (const name of actual) {
    if (!expected.has(name)) throw folderCorrupt(folder, name, "is not listed there");
  }
  for (const [name, entry] of expected) {
    if (!actual.has(name)) throw folderCorrupt(folder, name, "is missing");
    const { bytes, sha256 } = await describeFile(join(folder, name));
    if (bytes !== entry.bytes) throw folderCorrupt(folder, name, `has ${bytes} bytes instead of ${entry.bytes}`);
    if (sha256 !== entry.sha256) throw folderCorrupt(folder, name, "has other bytes than were written");
  }
}

/** The first file of a folder that its manifest does not list, undefined for none. Without a manifest none is listed. */
export async function findUnlisted(folder: string): Promise<string | undefined> {
  const names = await readdir(folder, { recursive: true, withFileTypes: true });
  const paths = names
    .filter((entry) => !entry.isDirectory())
    .map((entry) =>
      join(entry.parentPath, entry.name)
        .slice(folder.length + 1)
        .replaceAll(sep, "/"),
    )
    .sort();
  if (!paths.includes(folderManifestName)) return paths[0];
  const listed = await readManifest(folder);
  return paths.find((path) => path !== folderManifestName && !listed.has(path));
}

async function listFiles(folder: string): Promise<string[]> {
  const names: string[] = [];
  for (const entry of await readdir(folder, { withFileTypes: true, recursive: true })) {
    const path = join(entry.parentPath, entry.name);
    const name = path.slice(folder.length + 1).replaceAll(sep, "/");
    if (entry.isDirectory() || name === folderManifestName) continue;
    if (!entry.isFile()) {
      throw new AttuneError("INPUT_INVALID", `Expected only files and folders in ${folder}, but ${name} is neither.`, {
        details: { file: path },
      });
    }
    names.push(name);
  }
  return names.sort();
}

async function describeFile(path: string): Promise<FileEntry> {
  const { size } = await stat(path);
  return { bytes: size, sha256: await hashFile(path) };
}

async function readManifest(folder: string): Promise<Map<string, FileEntry>> {
  let manifest: JsonValue;
  try {
    manifest = await readJson(join(folder, folderManifestName));
  } catch (error) {
    if (isNotFound(error)) throw folderCorrupt(folder, folderManifestName, "is missing");
    throw error;
  }
  const { version, files } = isJsonObject(manifest) ? manifest : {};
  if (version !== 1 || !isJsonObject(files))
    throw folderCorrupt(folder, folderManifestName, "is no manifest of version 1");
  return new Map(
    Object.entries(files).map(([name, entry]) => {
      const { bytes, sha256 } = isJsonObject(entry) ? entry : {};
      if (typeof bytes !== "number" || typeof sha256 !== "string") {
        throw folderCorrupt(folder, folderManifestName, `has no size and hash of ${name}`);
      }
      return [name, { bytes, sha256 }];
    }),
  );
}

function folderCorrupt(folder: string, name: string, problem: string): AttuneError {
  return new AttuneError(
    "FILE_CORRUPT",
    `Expected ${folder} as ${folderManifestName} lists it, but ${name} ${problem}.`,
    {
      hint: "Restore the folder from a copy, or remove it to start again.",
      details: { file: join(folder, name) },
    },
  );
}
