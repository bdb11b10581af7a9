import { llama } from "@attune/models";
import type { AdapterMethod } from "@attune/peft-core";
import type { JsonObject } from "@attune/spec";
import { createStrictBackend, type TestRunner } from "@attune/tensor-conformance";
import type { Backend } from "@attune/tensor-core";
import type { AdapterCase, Check, Subject } from "./checks/check.ts";
import { enablingChecks } from "./checks/enabling.ts";
import { filesChecks } from "./checks/files.ts";
import { gradientChecks } from "./checks/gradient.ts";
import { mergingChecks } from "./checks/merging.ts";
import { assertContract, assertRefused, optionsChecks, type WrongOptions } from "./checks/options.ts";
import { startingChecks } from "./checks/starting.ts";
import { targetsChecks } from "./checks/targets.ts";
import { trainingChecks } from "./checks/training.ts";
import { tinyLlama } from "./tiny-model.ts";
import { createWorkbench, type Workbench } from "./workbench.ts";

/** What a method is tested with. */
export interface MethodTestOptions {
  /** Sets of options; every check runs for each. */
  readonly cases: readonly AdapterCase[];
  /** Options that must be refused, for instance a rank of 0. */
  readonly wrongOptions?: readonly WrongOptions[] | undefined;
  /** What plans run on. Default: the strict backend, which runs float64 references and rounds to f32. */
  readonly backend?: (() => Backend) | undefined;
  /** `config.json` of the model. Default a tiny Llama with attention biases. */
  readonly model?: JsonObject | undefined;
}

const checks: readonly Check[] = [
  ...optionsChecks,
  ...startingChecks,
  ...gradientChecks,
  ...trainingChecks,
  ...enablingChecks,
  ...mergingChecks,
  ...filesChecks,
  ...targetsChecks,
];

/**
 * Registers what every PEFT method must satisfy with a test runner (vitest, jest, node:test).
 *
 * ```ts
 * testAdapterMethod(lora, { describe, it }, { cases: [{ name: "rank 2", options: { rank: 2 } }] });
 * ```
 */
export function testAdapterMethod<Options>(
  method: AdapterMethod<Options>,
  { describe, it }: Pick<TestRunner, "describe" | "it">,
  { cases, wrongOptions = [], backend = createStrictBackend, model: config = tinyLlama }: MethodTestOptions,
): void {
  const plain: AdapterMethod = method;
  describe(`method ${method.id}`, () => {
    it("is an adapter method", async () => assertContract(plain));
    for (const wrong of wrongOptions) {
      it(`refuses ${JSON.stringify(wrong.options)}`, () =>
        assertRefused(plain, { family: llama, config: llama.parseConfig(config) }, wrong));
    }
    for (const adapterCase of cases) {
      describe(adapterCase.name, () => {
        for (const check of checks) it(check.name, () => runCheck(check, plain, adapterCase, { backend, config }));
      });
    }
  });
}

async function runCheck(
  check: Check,
  method: AdapterMethod,
  adapterCase: AdapterCase,
  options: { backend: () => Backend; config: JsonObject },
): Promise<void> {
  const open: Workbench[] = [];
  const subject: Subject = {
    method,
    adapterCase,
    async workbench(names, methodOptions = adapterCase.options) {
      const made = await createWorkbench(method, methodOptions, options, names);
      open.push(made);
      return made;
    },
  };
  try {
    await check.run(subject);
  } finally {
    for (const bench of open) await bench.dispose();
  }
}
