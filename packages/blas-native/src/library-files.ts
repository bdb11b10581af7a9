// Which files a native library consists of, so that another process can tell whether it is still the same one. A name without a folder
// is looked up by the system's loader: what it opened can be read on Linux, in /proc/self/maps, and nowhere else.
import { readFileSync, realpathSync, statSync } from "node:fs";
import { arch } from "node:os";
import { dirname, join, resolve } from "node:path";

/** A file as it was. */
export type LibraryFile = {
  /** Without links. */
  readonly path: string;
  readonly size: number;
  /** Milliseconds of its last change. */
  readonly modified: number;
};

/** A file as it is now. @throws where it is not there */
export function describeFile(path: string): LibraryFile {
  const { size, mtimeMs } = statSync(path);
  return { path, size, modified: mtimeMs };
}

/** Files whose code this process has mapped; undefined where the system does not tell. */
export function mappedFiles(): ReadonlySet<string> | undefined {
  try {
    const maps = readFileSync("/proc/self/maps", "utf8");
    return new Set([...maps.matchAll(/^\S+ r-xp \S+ \S+ \d+ +(\/.*)$/gm)].map(([, path]) => path!));
  } catch {
    return undefined;
  }
}

/** Whether a name says where its file is, so that the loader does not search. */
export function isPath(name: string): boolean {
  return /[/\\]/.test(name);
}

/**
 * The files that the loader opens for a name or may come to open, without links: for a path the one, for other names on Linux all that
 * have it in the folders of `LD_LIBRARY_PATH`, of Node's own libraries, of the loader's cache, and the usual ones.
 */
export function filesNamed(name: string): string[] {
  if (isPath(name)) return existing([resolve(name)]);
  if (process.platform !== "linux") return [];
  const folders = (process.env["LD_LIBRARY_PATH"] ?? "").split(/[:;]/).filter((folder) => folder !== "");
  const own = join(dirname(process.execPath), "..", "lib");
  return existing([...[...folders, own, ...usualFolders()].map((folder) => join(folder, name)), ...loaderCache(name)]);
}

function usualFolders(): string[] {
  const machine = ({ x64: "x86_64", arm64: "aarch64" } as Record<string, string>)[arch()];
  const folders = ["/lib", "/usr/lib", "/lib64", "/usr/lib64", "/usr/local/lib"];
  return machine ? [...folders, `/lib/${machine}-linux-gnu`, `/usr/lib/${machine}-linux-gnu`] : folders;
}

/** Paths of a name in the cache of glibc's loader, which holds them as text that ends in a zero byte. */
function loaderCache(name: string): string[] {
  try {
    const texts = readFileSync("/etc/ld.so.cache", "latin1").split("\0");
    return texts.filter((text) => text.endsWith(`/${name}`)).map((text) => text.slice(text.indexOf("/")));
  } catch {
    return [];
  }
}

function existing(paths: readonly string[]): string[] {
  const files = paths.flatMap((path) => {
    try {
      return [realpathSync(path)];
    } catch {
      return [];
    }
  });
  return [...new Set(files)];
}
