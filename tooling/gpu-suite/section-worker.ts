// Runs items of one section, and says of each what it is about to do before it does it, so that the parent knows what killed this process.
import { createWebgpuBackend } from "@attune/backend-webgpu";
import { AttuneError, toAttuneError } from "@attune/spec";
import type { Backend } from "@attune/tensor-core";
import type { Failure } from "./src/result.ts";
import type { SectionContext } from "./src/section.ts";
import { sections } from "./src/sections/index.ts";
import type { WorkerLine, WorkerRequest } from "./src/worker-line.ts";

const request = JSON.parse(process.argv[2]!) as WorkerRequest;
const { options, folder, shard, shards, from } = request;

/** Resolves once the line is on its way: a crash must not take it along. */
function say(line: WorkerLine): Promise<void> {
  return new Promise((resolve) => process.stdout.write(`${JSON.stringify(line)}\n`, () => resolve()));
}

function failureOf(name: string, error: unknown): Failure {
  const { code, message, hint, details } = toAttuneError(error);
  const stack = error instanceof Error && !AttuneError.is(error) ? error.stack : undefined;
  return {
    name,
    reason: message,
    code,
    ...(hint === undefined ? {} : { hint }),
    ...(details === undefined ? {} : { details: JSON.parse(JSON.stringify(details)) }),
    ...(stack === undefined ? {} : { stack }),
  };
}

const notices = new Set<string>();
const context: SectionContext = {
  options,
  folder,
  doing: (text) => void say({ say: "doing", text }),
  open(products = "f32"): Promise<Backend> {
    const { flags, adapter } = options;
    const onNotice = (text: string): void => {
      if (!notices.has(text)) void say({ say: "notice", text });
      notices.add(text);
    };
    return createWebgpuBackend({ flags, adapter, products, onNotice });
  },
};

async function run(): Promise<void> {
  const section = sections.find(({ name }) => name === request.section)!;
  const items = await section.items(context);
  await say({ say: "items", count: items.length });
  for (const [index, { name, run }] of items.entries()) {
    if (index % shards !== shard || index < from) continue;
    await say({ say: "start", index, name });
    const start = performance.now();
    const milliseconds = (): number => performance.now() - start;
    try {
      const value = await run();
      await say({ say: "found", index, milliseconds: milliseconds(), ...(value === undefined ? {} : { value }) });
    } catch (error) {
      const failure = failureOf(name, error);
      await say({ say: "failed", index, milliseconds: milliseconds(), failure });
      if (failure.code === "DEVICE_UNAVAILABLE") return say({ say: "again" });
    }
  }
  await say({ say: "end" });
}

await run().catch((error: unknown) => say({ say: "broken", failure: failureOf("opening", error) }));
// Dawn keeps the event loop alive for as long as its objects are reachable.
process.exit(0);
