import type { TensorType } from "../type/tensor-type.ts";
import { alignUp } from "./arena.ts";
import type { Address } from "./plan.ts";

/** Components one after the other, each aligned, from `start`. */
export function componentAddresses(type: TensorType, region: number, start: number, alignment: number): Address[] {
  let offset = start;
  return type.format.components(type.shape).map(({ bytes }) => {
    const address = { region, offset, bytes };
    offset = alignUp(offset + bytes, alignment);
    return address;
  });
}

/** Offset of the first byte behind all components. */
export function endOf(addresses: readonly Address[]): number {
  const last = addresses.at(-1)!;
  return last.offset + last.bytes;
}
