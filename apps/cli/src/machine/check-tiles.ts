import { describeTile, type TileDescription } from "@attune/backend-cpu";
import { toAttuneError } from "@attune/spec";
import type { MachineCheck } from "./check-machine.ts";

/** What this engine can run. */
export interface TileOptions {
  /** Whether vectors run at 256 bits, at 32-bit addresses. */
  readonly wide: boolean;
  /** Whether it has fused multiply-adds. */
  readonly relaxedSimd: boolean;
}

interface Variant {
  readonly fusedMultiplyAdd: boolean;
  readonly addressBits: 32 | 64;
}

/** The register tile of products, for each numerics class (a multiply-add rounds once or twice) and each width of addresses. */
export function checkTiles({ wide, relaxedSimd }: TileOptions): MachineCheck[] {
  const classes = relaxedSimd ? [true, false] : [false];
  const widths = hasWideAddresses() ? ([32, 64] as const) : ([32] as const);
  const variants = classes.flatMap((fusedMultiplyAdd) =>
    widths.map((addressBits): Variant => ({ fusedMultiplyAdd, addressBits })),
  );
  return variants.map((variant) => {
    try {
      return tileCheck(variant, describeTile({ ...variant, wide }));
    } catch (error) {
      return { id: nameOf(variant), status: "slow", value: null, detail: toAttuneError(error).message };
    }
  });
}

/** A tile as a line of the table. */
export function tileCheck(variant: Variant, { tile, rate, settled, cached }: TileDescription): MachineCheck {
  const speed = settled ? `${rate.toFixed(0)} GFLOPS a core` : "the machine is too busy to measure it";
  const origin = cached ? "kept from an earlier start" : "chosen now";
  return {
    id: nameOf(variant),
    status: "ok",
    value: { ...variant, tile, gflops: settled ? rate : null, cached },
    detail: `${tile}, ${speed}; ${origin}`,
  };
}

function nameOf({ fusedMultiplyAdd, addressBits }: Variant): string {
  return `tile${fusedMultiplyAdd ? "" : ", unfused"}${addressBits === 64 ? ", 64-bit" : ""}`;
}

/** Whether the engine has memories of more than 4 GiB. */
export function hasWideAddresses(): boolean {
  const descriptor: object = { address: "i64", initial: 0n, maximum: 1n };
  try {
    return new WebAssembly.Memory(descriptor as WebAssembly.MemoryDescriptor) instanceof WebAssembly.Memory;
  } catch {
    return false;
  }
}
