import { listSites } from "@attune/models";
import { type Adapters, attachAdapters, loadAdapter, saveAdapter, type TargetOptions } from "@attune/peft-core";
import { AttuneError } from "@attune/spec";
import { assert } from "../assertions.ts";
import { inFolder } from "../in-folder.ts";
import type { Workbench } from "../workbench.ts";
import type { Check, Subject } from "./check.ts";

/** Ways to choose modules that a method with `readTargetOptions` accepts, by names that every Llama has. */
const choices: readonly TargetOptions[] = [
  { layersToTransform: [1] },
  { layersToTransform: [0], layersPattern: ["layers"] },
  { excludeModules: ["v_proj", "k_proj"] },
  { modulesToSave: ["norm"] },
];

/** Options that choose modules. */
export const targetsChecks: readonly Check[] = [
  {
    name: "has the same modules after it was saved and loaded, however they were chosen",
    async run(subject) {
      for (const choice of choices) {
        const bench = await choosing(subject, choice);
        if (bench !== undefined) await inFolder((folder) => assertSameModules(subject, bench, folder, choice));
      }
    },
  },
  {
    name: "trains the modules that are to be saved whole, if it has that option",
    async run(subject) {
      const bench = await choosing(subject, { modulesToSave: ["norm"] });
      if (bench === undefined) return;
      const norms = listSites(bench.model.family, bench.model.config).filter(({ kind }) => kind === "norm");
      const trained = bench.adapters.parameters.filter(({ role, replaces }) => role === "trained" && replaces);
      const missing = norms.map(({ name }) => name).filter((norm) => !trained.some(({ site }) => site?.name === norm));
      assert(missing.length === 0, `modulesToSave is accepted, but ${missing.join(", ")} would stay as they are.`);
    },
  },
];

/** A workbench with modules chosen in a further way; undefined where the method or the case's options do not allow it. */
async function choosing({ adapterCase, workbench }: Subject, choice: TargetOptions): Promise<Workbench | undefined> {
  try {
    return await workbench(["default"], { ...(adapterCase.options as object), ...choice });
  } catch (error) {
    if (AttuneError.is(error) && ["OPTIONS_INVALID", "CONFIG_INCOMPATIBLE"].includes(error.code)) return undefined;
    throw error;
  }
}

async function assertSameModules(
  { method }: Subject,
  { runtime, model, adapters, values }: Workbench,
  folder: string,
  choice: TargetOptions,
): Promise<void> {
  await saveAdapter(runtime, model, adapters, values, folder);
  const loaded = await loadAdapter(runtime, model, folder, { methods: [method] });
  const [saved, read] = [modulesOf(adapters), modulesOf(attachAdapters(model, [loaded]))];
  assert(read === saved, `${JSON.stringify(choice)}: tensors at ${saved} are read as tensors at ${read}.`);
}

function modulesOf({ parameters }: Adapters): string {
  return [...new Set(parameters.map(({ site }) => site?.name ?? "no site"))].sort().join(", ");
}
