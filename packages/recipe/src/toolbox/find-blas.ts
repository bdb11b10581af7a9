import { createRequire } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { AttuneError, type JsonObject } from "@attune/spec";
import type { GemmProvider } from "@attune/tensor-core";

/** The native library that was found, or why there is none. */
export interface BlasChoice {
  readonly provider: GemmProvider | undefined;
  /** Path, size and time of the library's files; empty where they cannot be told. */
  readonly files: readonly JsonObject[];
  /** Whether `ATTUNE_BLAS` names it. */
  readonly named: boolean;
  /** Whether the package that looks for libraries is installed. */
  readonly installed: boolean;
  /** For people: what was found, or why nothing was. */
  readonly reason: string;
  /** Libraries that are there under a better name, and what is wrong with each. */
  readonly failures: readonly BlasFault[];
}

/** A library that cannot be used. */
export interface BlasFault {
  readonly path: string;
  readonly reason: string;
}

/** What the optional package `@attune/blas-native` exports. */
interface BlasNative {
  findNativeBlas(options: { readonly library: string | undefined }): Promise<{
    readonly provider: GemmProvider | undefined;
    readonly files: readonly JsonObject[];
    readonly failures: readonly BlasFault[];
  }>;
}

/**
 * Looks for a native library by the package `@attune/blas-native`, as a module in `directory` would find it, or one beside this package.
 *
 * @param wanted - what `ATTUNE_BLAS` says: nothing for the usual names, `off` for none, or a path or name
 * @throws AttuneError `DEPENDENCY_MISSING` where a library is named without the package, `DEVICE_UNAVAILABLE` where it does not work
 */
export async function findBlas(directory: string, wanted: string | undefined): Promise<BlasChoice> {
  const named = wanted !== undefined && wanted !== "" && wanted !== "off";
  const without = (installed: boolean, reason: string): BlasChoice => ({
    provider: undefined,
    files: [],
    named,
    installed,
    reason,
    failures: [],
  });
  if (wanted === "off") return without(false, "ATTUNE_BLAS is off");
  const entry = resolveFrom(join(directory, "resolver.js")) ?? resolveFrom(import.meta.url);
  if (entry === undefined) {
    if (!named) return without(false, "the package @attune/blas-native is not installed");
    throw new AttuneError(
      "DEPENDENCY_MISSING",
      `ATTUNE_BLAS names ${wanted}, but @attune/blas-native is not installed.`,
      {
        hint: "Install it with: npm install @attune/blas-native",
      },
    );
  }
  const { findNativeBlas } = (await import(pathToFileURL(entry).href)) as BlasNative;
  const { provider, files, failures } = await findNativeBlas({ library: named ? wanted : undefined });
  // Names that are not there say nothing; a library that crashed does.
  const telling = failures.filter(({ reason }) => !/cannot open|no such file|not found/i.test(reason));
  if (provider) return { provider, files, named, installed: true, reason: provider.id, failures: telling };
  if (!named) {
    const [first] = telling;
    const reason = first ? `${first.path}: ${first.reason}` : "no native library has one of the usual names";
    return { ...without(true, reason), failures: telling };
  }
  throw new AttuneError("DEVICE_UNAVAILABLE", `The native library ${wanted} cannot be used: ${failures[0]?.reason}.`, {
    hint: "Name another by ATTUNE_BLAS, or set it to off.",
    details: { key: "ATTUNE_BLAS" },
  });
}

function resolveFrom(place: string): string | undefined {
  try {
    return createRequire(place).resolve("@attune/blas-native");
  } catch {
    return undefined;
  }
}
