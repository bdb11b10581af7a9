import { chooseBlas, type MeasuredBlas } from "@attune/recipe";
import { toAttuneError } from "@attune/spec";
import type { MachineCheck } from "./check-machine.ts";

const id = "native blas";

/** Which library multiplies matrices, and why. A library that cannot be used is told, not thrown. */
export async function checkBlas(directory: string, wide: boolean): Promise<MachineCheck> {
  try {
    return blasCheck(await chooseBlas(directory, wide));
  } catch (error) {
    return { id, status: "slow", value: null, detail: toAttuneError(error).message };
  }
}

/** The choice as a line of the table. `coreType` is the value of OPENBLAS_CORETYPE, by which an OpenBLAS is held to code of a processor. */
export function blasCheck(
  { provider, rates, cached = false, use, because, failures }: MeasuredBlas,
  coreType: string | undefined = process.env["OPENBLAS_CORETYPE"],
): MachineCheck {
  if (provider === undefined || rates === undefined)
    return { id, status: "absent", value: null, detail: `${because}; WebAssembly multiplies` };
  const { native, wasm, tile } = rates;
  const origin = cached ? "as measured at an earlier start" : "measured now";
  const speeds = `${native.toFixed(0)} GFLOPS a thread, WebAssembly ${wasm.toFixed(0)} with tile ${tile}, ${origin}`;
  const others = failures.map(({ path, reason }) => `; not ${path}: ${reason}`).join("");
  const held = provider.id.startsWith("openblas") && coreType ? `; OPENBLAS_CORETYPE=${coreType} chose its code` : "";
  return {
    id,
    status: "ok",
    value: {
      library: provider.id,
      used: use,
      because,
      native,
      wasm,
      tile,
      cached,
      failures: failures.map(({ path, reason }) => ({ path, reason })),
    },
    detail: `${provider.id}, ${use ? "used" : "not used"} (${because}): ${speeds}${held}${others}`,
  };
}
