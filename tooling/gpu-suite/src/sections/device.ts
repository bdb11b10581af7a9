// Is there a device, with which features, and does it answer? Everything else waits for that.
import { createWebgpuBackend, dawnFlags, describeVariants } from "@attune/backend-webgpu";
import type { JsonValue } from "@attune/spec";
import { add, createRuntime, tensorType } from "@attune/tensor-core";
import type { Item, Section, SectionContext } from "../section.ts";
import { describeAdapter, listAdapters } from "./describe-adapter.ts";

/** Flags of Dawn with one left out, to see what depends on it. */
const without = (feature: string): string[] => dawnFlags.map((flag) => flag.replace(`,${feature}`, ""));

/** Features that an adapter has with these flags and not with the backend's own, or the other way round. */
async function featuresBeside(context: SectionContext, flags: readonly string[]): Promise<JsonValue> {
  const [own, other] = [
    await describeAdapter(context.options, dawnFlags),
    await describeAdapter(context.options, flags),
  ];
  if (own === undefined || other === undefined) return "no adapter";
  const [here, there] = [new Set(own.features), new Set(other.features)];
  return { lost: [...here].filter((name) => !there.has(name)), gained: [...there].filter((name) => !here.has(name)) };
}

/** Milliseconds from nothing to the first number that a GPU has computed, part by part. */
async function firstNumber({ options: { flags, adapter } }: SectionContext): Promise<JsonValue> {
  const times: Record<string, number> = {};
  let last = performance.now();
  const mark = (name: string): void => {
    const now = performance.now();
    times[name] = now - last;
    last = now;
  };
  const runtime = createRuntime({ backend: await createWebgpuBackend({ flags, adapter }) });
  mark("open");
  const program = await runtime.compile((trace) => {
    const x = trace.input("x", tensorType([4]));
    trace.output("y", add(x, x));
  });
  mark("compile");
  const { y } = await program.run({ x: [1, 2, 3, 4] });
  mark("first run");
  await program.run({ x: [1, 2, 3, 4] });
  mark("second run");
  if (String(y) !== "2,4,6,8") throw new Error(`1, 2, 3, 4 doubled is ${y}`);
  const { features, ...limits } = runtime.backend.capabilities;
  await runtime.dispose();
  return { milliseconds: times, capabilities: { features: [...features].sort(), ...limits } };
}

/** The section. */
export const deviceSection: Section = {
  name: "device",
  title: "the device and what it has",
  seconds: 60,
  quickSeconds: 30,
  itemSeconds: 30,
  async items(context): Promise<readonly Item[]> {
    return [
      { name: "first number", run: () => firstNumber(context) },
      { name: "all adapters", run: async () => listAdapters(context.options.flags ?? []) },
      {
        name: "features that depend on vulkan_enable_f16_on_nvidia",
        run: () => featuresBeside(context, without("vulkan_enable_f16_on_nvidia")),
      },
      { name: "features without any flags", run: () => featuresBeside(context, []) },
    ];
  },
};

/** Each variant of shaders in a child process of its own; what it says is kept, and every later section goes by it. */
export const variantsSection: Section = {
  name: "variants",
  title: "f16, subgroups and subgroup matrices, each tried on known sums",
  seconds: 90,
  quickSeconds: 45,
  itemSeconds: 85,
  async items({ options: { flags, adapter } }): Promise<readonly Item[]> {
    const run = async (): Promise<JsonValue> =>
      (await describeVariants({ flags, adapter })).map(({ variant, usable, reason }) => ({
        variant,
        usable,
        ...(reason === undefined ? {} : { reason }),
      }));
    return [{ name: "variants", run }];
  },
};
