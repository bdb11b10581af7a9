import { type AdapterMethod, attachAdapters } from "@attune/peft-core";
import { assert, assertThrows } from "../assertions.ts";
import type { Check } from "./check.ts";

/** Options that a method must refuse. */
export interface WrongOptions {
  readonly options: unknown;
  /** A word that the error's message, hint or key must hold: the option's name. */
  readonly names: string;
}

/** Checks of one set of right options. */
export const optionsChecks: readonly Check[] = [
  {
    name: "parses what it parsed to the same plain values",
    async run({ method, adapterCase }) {
      const parsed = method.parse(adapterCase.options);
      const text = JSON.stringify(parsed);
      assert(JSON.stringify(method.parse(parsed)) === text, "parse(parse(options)) is not parse(options).");
      assert(JSON.stringify(method.parse(JSON.parse(text))) === text, "Options do not survive JSON.");
    },
  },
  {
    name: "refuses an option that it does not have, and names it",
    async run({ method, adapterCase }) {
      const options = { ...(adapterCase.options as object), notAnOption: 1 };
      const said = await assertThrows("an unknown option", ["CONFIG_UNKNOWN_KEY"], () => method.parse(options));
      assert(said.includes("notAnOption"), `The error does not name the option: ${said}`);
    },
  },
];

/** Refuses wrong options when they are parsed or attached. */
export async function assertRefused(
  method: AdapterMethod,
  model: Parameters<typeof attachAdapters>[0],
  { options, names }: WrongOptions,
): Promise<void> {
  const said = await assertThrows(
    JSON.stringify(options),
    ["OPTIONS_INVALID", "CONFIG_UNKNOWN_KEY", "CONFIG_INCOMPATIBLE"],
    () => attachAdapters(model, [{ name: "default", method, options }]),
  );
  assert(said.includes(names), `The error does not name "${names}": ${said}`);
}

/** Checks the members that every contract has. */
export function assertContract(method: AdapterMethod): void {
  assert(
    method.kind === "adapter-method" && method.specificationVersion === 1,
    "It is not an adapter method of version 1.",
  );
  assert(/^[a-z][a-z0-9-]*$/.test(method.id), `The id "${method.id}" is not lower-case words joined by "-".`);
  assert(/^[A-Z][A-Z0-9_]*$/.test(method.peft.type), `The type "${method.peft.type}" of PEFT files is not upper-case.`);
  assert(
    method.about.length > 0 && method.defaults.learningRate > 0,
    "It has no sentence about itself or no learning rate.",
  );
}
