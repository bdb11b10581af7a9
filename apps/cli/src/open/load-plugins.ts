import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";
import { AttuneError, type Contract } from "@attune/spec";

/**
 * Imports packages by name, or modules by path, as a module in the first of `directories` that finds one would, and returns
 * what each brings. Throws
 * `DEPENDENCY_MISSING` where there is none, `OPTIONS_INVALID` where it throws, or its default export is no list of contract values.
 */
export async function loadPlugins(
  names: readonly string[],
  directories: readonly string[],
): Promise<readonly (readonly Contract<string>[])[]> {
  return Promise.all(names.map(async (name) => checkPlugin(await importPlugin(directories, name), name)));
}

async function importPlugin(directories: readonly string[], name: string): Promise<unknown> {
  let entry: string;
  try {
    entry = createRequire(import.meta.url).resolve(name, { paths: [...directories] });
  } catch (cause) {
    throw new AttuneError("DEPENDENCY_MISSING", `Expected the plugin ${name}, but it is not installed here.`, {
      hint: `Install it with: npm install ${name}`,
      cause,
      details: { key: name },
    });
  }
  try {
    return ((await import(pathToFileURL(entry).href)) as { default?: unknown }).default;
  } catch (cause) {
    if (AttuneError.is(cause)) throw cause;
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new AttuneError("OPTIONS_INVALID", `The plugin ${name} could not be loaded: ${reason}.`, {
      hint: "A plugin is a JavaScript module; add --verbose to see where it stopped.",
      cause,
      details: { key: name, file: entry },
    });
  }
}

function checkPlugin(values: unknown, name: string): readonly Contract<string>[] {
  const valid =
    Array.isArray(values) &&
    values.every((value: unknown) => typeof (value as Partial<Contract<string>> | null)?.kind === "string");
  if (valid) return values as readonly Contract<string>[];
  throw new AttuneError(
    "OPTIONS_INVALID",
    `Expected the default export of the plugin ${name} to be a list of contract values, each with a kind.`,
    { hint: "See docs/adding-a-peft-method.md for what a plugin exports.", details: { key: name } },
  );
}
