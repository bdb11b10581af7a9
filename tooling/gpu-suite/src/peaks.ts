import { knownDevices } from "@attune/tensor-core";
import type { AdapterDescription } from "./sections/describe-adapter.ts";

/** The known device whose id is in an adapter's name, such as `h200` in `nvidia-h200`. */
export function peaksOf(adapter: AdapterDescription | undefined): string | undefined {
  const name = (adapter?.info.device ?? "").toLowerCase();
  return knownDevices.find(({ id }) => name.includes(id))?.id;
}
