// Tensors beyond what a device binds at once (2 GiB less four bytes on NVIDIA) and makes a buffer (4 GiB): there the emulations that tests
// have are no proof.
import { AttuneError, type JsonValue } from "@attune/spec";
import { add, createRuntime, type Runtime, tensorType } from "@attune/tensor-core";
import type { Item, Section, SectionContext } from "../section.ts";

/** Doubles a State of so many GiB a few times, and reads it where bindings and buffers end. */
async function doubleState(context: SectionContext, gibibytes: number): Promise<JsonValue> {
  const runtime = createRuntime({ backend: await context.open() });
  try {
    return await doubleOn(runtime, gibibytes * 2 ** 28);
  } catch (error) {
    // A smaller GPU may say so.
    if (AttuneError.is(error) && error.code === "MEMORY_EXCEEDED") return { refused: error.message };
    throw error;
  } finally {
    await runtime.dispose();
  }
}

async function doubleOn(runtime: Runtime, count: number): Promise<JsonValue> {
  await runtime.states.allocate("x", count);
  const { maxBindingBytes, maxAllocationBytes } = runtime.backend.capabilities;
  const ends = [maxBindingBytes, 2 * maxBindingBytes, maxAllocationBytes].map(
    (bytes) => Math.floor(bytes / 1024) * 256,
  );
  const places = [0, ...ends.flatMap((end) => [end - 64, end]), count - 64].filter((at) => at >= 0 && at + 64 <= count);
  const values = new Float32Array(64).map((_, index) => index + 0.5);
  for (const place of places) await runtime.states.write("x", values, place);
  const program = await runtime.compile((trace) => {
    const x = trace.state("x", tensorType([count]));
    trace.update(x, add(x, x));
  });
  const start = performance.now();
  await program.run();
  await program.run();
  const wrong: number[] = [];
  for (const place of places) {
    const read = await runtime.states.read("x", place, 64);
    if (values.some((value, index) => read[index] !== 4 * value)) wrong.push(place);
  }
  const found = { places, milliseconds: performance.now() - start };
  if (wrong.length === 0) return found;
  throw new AttuneError("NUMERICS", `Elements from ${wrong.join(", ")} on are not doubled twice.`, { details: found });
}

/** The section. */
export const largeSection: Section = {
  name: "large",
  title: "tensors larger than a binding and than a buffer",
  seconds: 60,
  itemSeconds: 45,
  needsHardware: true,
  items: async (context): Promise<readonly Item[]> =>
    [1, 3, 5].map((size) => ({ name: `State of ${size} GiB`, run: () => doubleState(context, size) })),
};
