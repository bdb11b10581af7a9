// Every op against float64, forward and backward. A failure brings the shaders that computed it along.
import { availableParallelism } from "node:os";
import { AttuneError, type JsonValue } from "@attune/spec";
import { testBackend } from "@attune/tensor-conformance";
import { type Backend, operandsOfProducts, type Plan } from "@attune/tensor-core";
import type { Item, Section, SectionContext } from "../section.ts";

/** Compiling shaders and computing references keeps processors busy, more than a GPU. */
const shards = Math.max(1, Math.min(8, Math.floor(availableParallelism() / 2)));

/** Cases are run in so many rounds over all ops, so that one that ends early has seen something of each; a quick run is the first. */
const rounds = 5;

function inRounds<Case>(cases: readonly Case[], isQuick: boolean): Case[] {
  return Array.from({ length: isQuick ? 1 : rounds }, (_, round) =>
    cases.filter((__, index) => index % rounds === round),
  ).flat();
}

/** The backend, and the plans that it has compiled since it was last asked. */
function watchPlans(backend: Backend): { readonly backend: Backend; take(): readonly Plan[] } {
  let plans: Plan[] = [];
  return {
    backend: {
      ...backend,
      compile(plan) {
        plans.push(plan);
        return backend.compile(plan);
      },
    },
    take() {
      const taken = plans;
      plans = [];
      return taken;
    },
  };
}

/** The shaders of plans, each kernel's once a process. */
function shadersOf(plans: readonly Plan[], told: Set<string>): JsonValue {
  return plans.flatMap(({ dispatches }) =>
    dispatches.map(({ kernel, code }): JsonValue => {
      if (code?.backend !== "webgpu" || told.has(kernel)) return { kernel };
      told.add(kernel);
      return { kernel, stages: code.stages.map(({ wgsl, workgroups }) => ({ wgsl, workgroups: [...workgroups] })) };
    }),
  );
}

async function conformanceItems(context: SectionContext, products: "f32" | "f16"): Promise<readonly Item[]> {
  if (products === "f16") {
    const backend = await context.open("f16");
    const half = operandsOfProducts(backend.capabilities) === "f16";
    await backend.dispose();
    if (!half) return [];
  }
  let taken: () => readonly Plan[] = () => [];
  const { cases } = testBackend(async () => {
    const { backend, take } = watchPlans(await context.open(products));
    taken = take;
    return backend;
  });
  const told = new Set<string>();
  return inRounds(cases, context.options.quick).map(({ group, name, run }) => ({
    name: `${group}: ${name}`,
    async run() {
      taken();
      try {
        await run();
        return undefined;
      } catch (error) {
        if (!AttuneError.is(error)) throw error;
        const { code, message, hint, details, cause } = error;
        const known = { ...details, kernels: shadersOf(taken(), told) };
        throw new AttuneError(code, message, { hint, cause, details: known });
      }
    },
  }));
}

function conformanceSection(products: "f32" | "f16"): Section {
  return {
    name: `conformance-${products}`,
    title: `every op against float64, products in ${products}`,
    seconds: 240,
    quickSeconds: 60,
    itemSeconds: 60,
    shards,
    items: (context) => conformanceItems(context, products),
  };
}

/** With products in f32: has to pass on every device. */
export const conformanceSection32: Section = conformanceSection("f32");

/** With products in f16, where the device has them and they passed their self-test; without items elsewhere. */
export const conformanceSection16: Section = conformanceSection("f16");
