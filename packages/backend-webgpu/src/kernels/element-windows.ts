// Flat operands that step together are met in windows of elements where a device binds less at once, so that several of them fit.
import type { Capabilities, WebgpuBuffer } from "@attune/tensor-core";

/** Elements that one stage works on. */
export interface ElementWindow {
  readonly first: number;
  readonly count: number;
}

/** Windows over elements of four bytes, one of all where they fit. */
export function elementWindows(count: number, { maxBindingBytes }: Capabilities): ElementWindow[] {
  const most = Math.floor(maxBindingBytes / 256) * 64;
  return Array.from({ length: Math.max(1, Math.ceil(count / most)) }, (_, index) => ({
    first: index * most,
    count: Math.min(most, count - index * most),
  }));
}

/** The part of a buffer that a window of so many elements in all is; the whole buffer where it is the only one. */
export function elementsOf(buffer: WebgpuBuffer, { first, count }: ElementWindow, all: number): WebgpuBuffer {
  return count === all ? buffer : { ...buffer, window: { offset: 4 * first, bytes: 4 * count } };
}
