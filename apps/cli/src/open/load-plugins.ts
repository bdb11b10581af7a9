import { createRequire } from "node:module";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { AttuneError, type Contract } from "@attune/spec";

/**
 * Imports packages by name, or modules by path, as a module in `directory` would, and returns what each brings. Throws
 * `DEPENDENCY_MISSING` where there is none, `OPTIONS_INVALID` where its default export is no list of contract values.
 */
export async function loadPlugins(
  names: readonly string[],
  directory: string,
): Promise<readonly (readonly Contract<string>[])[]> {
  const require = createRequire(join(resolve(directory), "resolver.js"));
  return Promise.all(names.map(async (name) => checkPlugin(await importPlugin(require, name), name)));
}

async function importPlugin(require: NodeJS.Require, name: string): Promise<unknown> {
  let entry: string;
  try {
    entry = require.resolve(name);
  } catch (cause) {
    throw new AttuneError("DEPENDENCY_MISSING", `Expected the plugin ${name}, but it is not installed here.`, {
      hint: `Install it with: npm install ${name}`,
      cause,
      details: { key: name },
    });
  }
  return ((await import(pathToFileURL(entry).href)) as { default?: unknown }).default;
}

function checkPlugin(values: unknown, name: string): readonly Contract<string>[] {
  const valid =
    Array.isArray(values) &&
    values.every((value: unknown) => typeof (value as Partial<Contract<string>> | null)?.kind === "string");
  if (valid) return values as readonly Contract<string>[];
  throw new AttuneError(
    "OPTIONS_INVALID",
    `Expected the default export of the plugin ${name} to be a list of contract values, each with a kind.`,
    { details: { key: name } },
  );
}
