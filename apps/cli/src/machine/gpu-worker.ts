// Started as a child process by `attune doctor`: opens the GPU and says in a JSON line what it is, or what stands in its way. Drivers
// print to stderr and may crash, which is the parent's no more than an answer that does not come.
import { describeGpu, type GpuDescription } from "@attune/backend-webgpu";
import { toAttuneError } from "@attune/spec";

/** What the child says. */
export type GpuAnswer = { readonly found: GpuDescription } | { readonly failed: string };

const answer: GpuAnswer = await describeGpu().then(
  (found) => ({ found }),
  (error: unknown) => ({ failed: toAttuneError(error).message }),
);
process.stdout.write(`${JSON.stringify(answer)}\n`, () => process.exit(0));
