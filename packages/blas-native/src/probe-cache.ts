// What a search in child processes found, kept between processes: that a library, as its files are now, loads and multiplies rightly
// under this Node on this processor. What it is is not kept: it is asked again whenever it is opened.
import { release } from "node:os";
import { resolve } from "node:path";
import { machineKey, readUserCache, type UserCacheEntry, writeUserCache } from "@attune/run-folder";
import { isJsonObject, type JsonValue } from "@attune/spec";
import { type CoreType, isCoreType } from "./core-type.ts";
import { describeFile, filesNamed, isPath, type LibraryFile } from "./library-files.ts";

/** The outcome of a search that ended well. */
export interface KeptProbe {
  /** The candidate that was right. */
  readonly name: string;
  /** The code that an OpenBLAS is held to, where its own choice is worse. */
  readonly coreType?: CoreType | undefined;
  /** What the loader said of the candidates before it, none of which is there. */
  readonly failures: readonly { readonly path: string; readonly reason: string }[];
  /** Files whose code was mapped when it had multiplied, its own and those that it needs, and others of its name. */
  readonly files: readonly LibraryFile[];
}

/** Variables by which users steer the system's loader and these libraries; the code path that was tried depends on them. */
const steering = /^(LD_|DYLD_|GLIBC_TUNABLES$|OPENBLAS_|GOTO|BLIS_|MKL_|KMP_|OMP_|VECLIB_)/;

/** Where the outcome for a list of candidates is kept. */
export function probeEntry(folder: string, candidates: readonly string[]): UserCacheEntry {
  const variables = Object.entries(process.env).filter(([name]) => steering.test(name)) as [string, string][];
  const key = {
    ...machineKey(),
    system: release(),
    candidates: candidates.map((name) => (isPath(name) ? resolve(name) : name)),
    variables: Object.fromEntries(variables),
  };
  return { folder, kind: "native-blas", key };
}

/** What was kept, if it still holds: undefined where any file changed, or one of an earlier candidate's name came to be. */
export function readProbe(folder: string, candidates: readonly string[]): KeptProbe | undefined {
  const kept = probeIn(readUserCache(probeEntry(folder, candidates)), candidates);
  return kept && holds(kept, candidates) ? kept : undefined;
}

/** Keeps an outcome, unless another process could not tell whether it still holds. */
export function keepProbe(folder: string, candidates: readonly string[], kept: KeptProbe): void {
  const { name, coreType, failures, files } = kept;
  const named = filesNamed(name);
  const mapped = new Set(files.map(({ path }) => path));
  // Where the loader opened none of the files that it is thought to look at, changes of them say nothing.
  if (!named.some((path) => mapped.has(path))) return;
  const others = named.filter((path) => !mapped.has(path)).map(describeFile);
  const probe = {
    name,
    ...(coreType && { coreType }),
    failures: failures.map(({ path, reason }) => ({ path, reason })),
    files: [...files, ...others],
  };
  if (holds(probe, candidates)) writeUserCache(probeEntry(folder, candidates), probe);
}

function holds({ name, files }: KeptProbe, candidates: readonly string[]): boolean {
  const named = filesNamed(name);
  const known = new Set(files.map(({ path }) => path));
  return (
    named.length > 0 &&
    named.every((path) => known.has(path)) &&
    candidates.slice(0, candidates.indexOf(name)).every((before) => filesNamed(before).length === 0) &&
    files.every(isUnchanged)
  );
}

function isUnchanged(file: LibraryFile): boolean {
  try {
    const { size, modified } = describeFile(file.path);
    return size === file.size && modified === file.modified;
  } catch {
    return false;
  }
}

/** Files and characters beyond which an entry is none of ours. */
const [mostFiles, longest] = [200, 4096];

const isText = (value: JsonValue | undefined): value is string =>
  typeof value === "string" && value.length <= longest && /^\P{C}+$/u.test(value);

/** Files as a child process or the cache names them, undefined where they are none. */
export function filesIn(value: JsonValue | undefined): LibraryFile[] | undefined {
  if (!Array.isArray(value) || value.length === 0 || value.length > mostFiles) return undefined;
  const files = value.flatMap((each) => {
    if (!isJsonObject(each)) return [];
    const { path, size, modified } = each;
    const whole = isText(path) && Number.isSafeInteger(size) && Number.isFinite(modified);
    return whole ? [{ path, size: size as number, modified: modified as number }] : [];
  });
  return files.length === value.length ? files : undefined;
}

/** An outcome from a file that anyone may have written. */
function probeIn(value: JsonValue | undefined, candidates: readonly string[]): KeptProbe | undefined {
  if (!isJsonObject(value)) return undefined;
  const { name, coreType, failures } = value;
  if (coreType !== undefined && !isCoreType(coreType)) return undefined;
  const files = filesIn(value["files"]);
  if (!isText(name) || !candidates.includes(name) || files === undefined || !Array.isArray(failures)) return undefined;
  const before = candidates.slice(0, candidates.indexOf(name));
  if (failures.length !== before.length) return undefined;
  const reasons = failures.map((each, index) =>
    isJsonObject(each) && each["path"] === before[index] && isText(each["reason"]) ? each["reason"] : undefined,
  );
  if (reasons.includes(undefined)) return undefined;
  return { name, coreType, files, failures: before.map((path, index) => ({ path, reason: reasons[index]! })) };
}
