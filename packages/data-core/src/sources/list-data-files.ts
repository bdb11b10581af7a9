import { glob, stat } from "node:fs/promises";
import { basename, isAbsolute, join } from "node:path";
import { AttuneError, shorten, toAttuneError } from "@attune/spec";

/** A file to read, and what it is called: its path from the folder, or its last part where it was named itself. */
export interface DataFile {
  readonly name: string;
  readonly file: string;
}

/**
 * The files at a path: itself, or those of a folder and all folders in it, in the order of their names. What has a dot in front,
 * such as `.git`, is left out; `include` holds globs of which one must match.
 *
 * @throws AttuneError `FILE_NOT_FOUND`, `DATA_EMPTY` where a folder or one of the globs gives no file, `OPTIONS_INVALID` for globs of a file
 */
export async function listDataFiles(path: string, include?: readonly string[]): Promise<DataFile[]> {
  if (!(await isFolder(path))) {
    if (include === undefined) return [{ name: basename(path), file: path }];
    throw new AttuneError("OPTIONS_INVALID", `Expected include to choose files of a folder, but ${path} is a file.`, {
      hint: "Leave include out.",
      details: { key: "include", file: path },
    });
  }
  const names = new Set<string>();
  for (const pattern of include ?? ["**"]) {
    const found = await matchesOf(path, pattern);
    if (found.length === 0) throw noFiles(path, include === undefined ? undefined : pattern);
    for (const name of found) names.add(name);
  }
  return [...names].sort().map((name) => ({ name, file: join(path, name) }));
}

async function isFolder(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory();
  } catch (error) {
    throw toAttuneError(error);
  }
}

/** Paths from the folder, with slashes on every system. */
async function matchesOf(folder: string, pattern: string): Promise<string[]> {
  if (isAbsolute(pattern)) {
    throw new AttuneError(
      "OPTIONS_INVALID",
      `Expected a glob that starts at the folder, but received "${shorten(pattern)}".`,
      {
        hint: "For example **/*.md; the folder itself is the path of the source.",
        details: { key: "include" },
      },
    );
  }
  const names: string[] = [];
  for await (const path of glob(pattern, { cwd: folder })) {
    const parts = path.split(/[\\/]/);
    if (parts.some((part) => part.startsWith("."))) continue;
    if ((await stat(join(folder, path))).isFile()) names.push(parts.join("/"));
  }
  return names;
}

function noFiles(folder: string, pattern: string | undefined): AttuneError {
  const which = pattern === undefined ? "data files" : `files that match "${shorten(pattern)}"`;
  return new AttuneError("DATA_EMPTY", `Expected ${which} in the folder ${folder}, but there are none.`, {
    hint: "Files and folders with a dot in front are left out. **/*.md matches files in every folder, *.md those of the uppermost.",
    details: { file: folder },
  });
}
