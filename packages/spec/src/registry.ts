import { AttuneError } from "./attune-error.ts";
import type { Contract } from "./contract.ts";
import { describeValue } from "./describe-value.ts";

/** The values of one contract, by id. A registry is a value: two can live in one process. */
export interface Registry<Value extends Contract<string>> {
  /** The contract that all values implement. */
  readonly kind: Value["kind"];
  /** Returns the value with this id, or throws `ID_UNKNOWN` naming the ids that are there. */
  get(id: string): Value;
  /** Whether there is a value with this id. */
  has(id: string): boolean;
  /** All values, in the order they were given. */
  list(): readonly Value[];
}

/**
 * Makes a registry of the values that have this kind; values of other kinds are left out, so the default exports of
 * plugins can be passed as they are. Throws `OPTIONS_INVALID` for what is no list, for two values with one id, for a value without an id
 * and for a specification version that this release does not know.
 */
export function createRegistry<Value extends Contract<string>>(
  kind: Value["kind"],
  values: readonly (Value | Contract<string>)[],
): Registry<Value> {
  const entries = new Map<string, Value>();
  if (!Array.isArray(values)) {
    throw new AttuneError(
      "OPTIONS_INVALID",
      `Expected a list of plugins for ${kind}, but received ${describeValue(values)}.`,
      {
        hint: "A plugin's default export is the list: import plugins from its package, not * as plugins.",
      },
    );
  }
  for (const value of values as readonly (Value | Contract<string>)[]) {
    if (value.kind !== kind) continue;
    checkContract(value);
    if (entries.has(value.id)) {
      throw new AttuneError("OPTIONS_INVALID", `Expected one ${kind} with the id "${value.id}", but received two.`, {
        hint: "Remove one of the two plugins that bring it.",
        details: { key: value.id },
      });
    }
    entries.set(value.id, value as Value);
  }
  return {
    kind,
    has: (id) => entries.has(id),
    list: () => [...entries.values()],
    get: (id) => entries.get(id) ?? throwUnknown(kind, id, entries),
  };
}

function throwUnknown(kind: string, id: string, entries: ReadonlyMap<string, unknown>): never {
  const known = [...entries.keys()].sort();
  throw new AttuneError("ID_UNKNOWN", `Expected the id of an installed ${kind}, but received "${id}".`, {
    hint: known.length > 0 ? `Use one of: ${known.join(", ")}.` : `No ${kind} is installed: add a plugin that has one.`,
    details: { key: id, known },
  });
}

function checkContract(value: Contract<string>): void {
  if (typeof value.id !== "string" || value.id === "") {
    throw new AttuneError(
      "OPTIONS_INVALID",
      `Expected a ${value.kind} with an id, but received the id ${JSON.stringify(value.id)}.`,
    );
  }
  const version: unknown = value.specificationVersion;
  if (version !== 1) {
    throw new AttuneError(
      "OPTIONS_INVALID",
      `Expected specificationVersion 1 of the ${value.kind} "${value.id}", but received ${JSON.stringify(version)}.`,
      { hint: "Install a version of the plugin that fits this release of Attune.", details: { key: value.id } },
    );
  }
}
