// Whether replaying leaves anything behind: resident memory over two thousand steps, the first half apart.
import { AttuneError, type JsonValue } from "@attune/spec";
import { createRuntime, linear, type Trace, tensorType } from "@attune/tensor-core";
import type { Section, SectionContext } from "../section.ts";

const [steps, width, layers] = [2000, 64, 16] as const;
/** Resident bytes a step that are noise. */
const mostBytes = 1024;

/** Replays a plan of sixteen small layers: what a step and a dispatch of nearly no work take, too. */
async function measureLeak(context: SectionContext): Promise<JsonValue> {
  const runtime = createRuntime({ backend: await context.open() });
  await runtime.weights.set("weight", tensorType([width, width]), new Float32Array(width * width).fill(0.01));
  const program = await runtime.compile((trace: Trace) => {
    let x = trace.input("x", tensorType([16, width]));
    for (let layer = 0; layer < layers; layer++) x = linear(x, trace.weight("weight", tensorType([width, width])));
    trace.output("x", x);
  });
  const x = new Float32Array(16 * width).fill(1);
  const run = async (count: number): Promise<void> => {
    for (let step = 0; step < count; step++) await program.run({ x });
  };
  await run(steps / 2);
  const before = process.memoryUsage.rss();
  const start = performance.now();
  await run(steps / 2);
  const millisecondsPerStep = (performance.now() - start) / (steps / 2);
  const bytesPerStep = (process.memoryUsage.rss() - before) / (steps / 2);
  await runtime.dispose();
  const found = { steps, bytesPerStep, millisecondsPerStep };
  if (bytesPerStep < mostBytes) return found;
  throw new AttuneError("INTERNAL", `A replayed step leaves ${Math.round(bytesPerStep)} bytes behind.`, {
    details: found,
  });
}

/** The section. */
export const leakSection: Section = {
  name: "leak",
  title: "2000 replayed steps, and what they leave behind",
  seconds: 60,
  itemSeconds: 60,
  items: async (context) => [{ name: "2000 steps", run: () => measureLeak(context) }],
};
