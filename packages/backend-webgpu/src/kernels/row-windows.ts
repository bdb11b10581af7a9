// Operands that are larger than a device binds at once are met in windows of rows, one stage each.
import type { Capabilities, TensorType, WebgpuBuffer } from "@attune/tensor-core";

/** Rows of a matrix that are bound together, and the bytes of each component that hold them. */
export interface RowWindow {
  readonly first: number;
  readonly rows: number;
  /** One a component; undefined where the whole matrix is bound. */
  readonly ranges: readonly (NonNullable<WebgpuBuffer["window"]> | undefined)[];
}

/** Every so many rows, each component is at a multiple of 256 bytes. */
const rowStep = 256;

/**
 * Windows over the rows of a matrix, one of all rows where it fits.
 *
 * @returns where rows of the format do not lie apart, as with constants of a whole tensor, or 256 of them are too large: all rows if the
 * backend binds them in parts, else undefined
 */
export function rowWindows(type: TensorType, capabilities: Capabilities): RowWindow[] | undefined {
  const [rows, columns] = type.shape as [number, number];
  const bytesOf = (count: number): number[] => type.format.components([count, columns]).map(({ bytes }) => bytes);
  const whole = bytesOf(rows);
  const all = [{ first: 0, rows, ranges: whole.map(() => undefined) }];
  if (whole.every((bytes) => bytes <= capabilities.maxBindingBytes)) return all;
  const step = bytesOf(rowStep);
  const apart = step.every((bytes, component) => {
    const [one, two] = [bytes, bytesOf(2 * rowStep)[component]!];
    return two === 2 * one && one % 256 === 0 && one <= capabilities.maxBindingBytes;
  });
  if (!apart) return capabilities.splitsBindings ? all : undefined;
  const steps = Math.min(...step.map((bytes) => Math.floor(capabilities.maxBindingBytes / bytes)));
  const windows: RowWindow[] = [];
  for (let first = 0; first < rows; first += steps * rowStep) {
    const count = Math.min(steps * rowStep, rows - first);
    const [offsets, sizes] = [bytesOf(first), bytesOf(count)];
    windows.push({ first, rows: count, ranges: sizes.map((bytes, index) => ({ offset: offsets[index]!, bytes })) });
  }
  return windows;
}

/** Buffers of the components of a window. */
export function windowBuffers(buffers: readonly WebgpuBuffer[], { ranges }: RowWindow): WebgpuBuffer[] {
  return buffers.map((buffer, index) => (ranges[index] ? { ...buffer, window: ranges[index] } : buffer));
}
