// Started as a child process: opens the GPU, says which it is, and tries one variant on it. A driver that crashes here ends no program
// but this one.
import { toAttuneError } from "@attune/spec";
import { adapterKey } from "../device/adapter-key.ts";
import { openDevice } from "../device/open-device.ts";
import { createBackendOn } from "../webgpu-backend.ts";
import type { VariantLine, VariantRequest } from "./judge-in-child.ts";
import { testVariant } from "./judge-in-place.ts";

const { device, variant } = JSON.parse(process.argv[2]!) as VariantRequest;

/** Resolves once the line is on its way: a crash must not take it along. */
const say = (line: VariantLine): Promise<void> =>
  new Promise((resolve) => process.stdout.write(`${JSON.stringify(line)}\n`, () => resolve()));

try {
  const opened = await openDevice(device);
  const backend = await createBackendOn(opened, { products: "f16" });
  await say({ adapter: adapterKey(opened.info) });
  await say({ verdict: await testVariant(backend, variant) });
} catch (error) {
  await say({ failed: toAttuneError(error).message });
}
process.exit(0);
