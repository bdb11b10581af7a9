// Started as a child process by `attune doctor`, with what it is to do: `describe` opens the GPU and says in a JSON line what it is, or
// what stands in its way; `variants` says which variants of shaders it can be trusted with. Drivers print to stderr and may crash, which
// is the parent's no more than an answer that does not come.
import { describeGpu, describeVariants, type GpuDescription, type VariantState } from "@attune/backend-webgpu";
import { toAttuneError } from "@attune/spec";

/** What the child says. */
export type GpuAnswer =
  | { readonly found: GpuDescription }
  | { readonly variants: readonly VariantState[] }
  | { readonly failed: string };

const ask = async (): Promise<GpuAnswer> =>
  process.argv[2] === "variants" ? { variants: await describeVariants() } : { found: await describeGpu() };

const answer = await ask().catch((error: unknown): GpuAnswer => ({ failed: toAttuneError(error).message }));
process.stdout.write(`${JSON.stringify(answer)}\n`, () => process.exit(0));
