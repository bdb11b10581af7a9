/** The few WebAssembly encodings that the spike needs; the packages use the typed assembler of tensor-core. */
export type MemoryKind = "memory32" | "several32" | "memory64" | "near64";

export interface FunctionBody {
  readonly parameters: readonly number[];
  readonly locals: ReadonlyArray<readonly [count: number, type: number]>;
  readonly code: readonly number[];
}

export const I32 = 0x7f;
export const I64 = 0x7e;
export const V128 = 0x7b;

export function unsigned(value: number): number[] {
  const bytes: number[] = [];
  do {
    const low = value % 128;
    value = Math.floor(value / 128);
    bytes.push(value > 0 ? low | 128 : low);
  } while (value > 0);
  return bytes;
}

export function signed(value: number): number[] {
  const bytes: number[] = [];
  for (;;) {
    const low = value & 127;
    value >>= 7;
    if ((value === 0 && (low & 64) === 0) || (value === -1 && (low & 64) !== 0)) return [...bytes, low];
    bytes.push(low | 128);
  }
}

const section = (id: number, content: readonly number[]): number[] => [id, ...unsigned(content.length), ...content];
const vector = (items: ReadonlyArray<readonly number[]>): number[] => [...unsigned(items.length), ...items.flat()];

/** A module that imports one to three shared memories as env.m0.. (the second of "near64" is the one of 64-bit addresses) and exports function i as f0, f1, ... */
export function encodeModule(
  kind: MemoryKind,
  pages: number,
  functions: readonly FunctionBody[],
): Uint8Array<ArrayBuffer> {
  const wide = { memory32: -1, several32: -1, memory64: 0, near64: 1 }[kind];
  const memories = Array.from({ length: { memory32: 1, several32: 3, memory64: 1, near64: 2 }[kind] }, (_, index) => [
    3,
    0x65,
    0x6e,
    0x76,
    2,
    0x6d,
    0x30 + index,
    2,
    index === wide ? 7 : 3,
    ...unsigned(pages),
    ...unsigned(pages),
  ]);
  const bodies = functions.map(({ locals, code }) => {
    const body = [...vector(locals.map(([count, type]) => [...unsigned(count), type])), ...code, 0x0b];
    return [...unsigned(body.length), ...body];
  });
  return new Uint8Array([
    0,
    0x61,
    0x73,
    0x6d,
    1,
    0,
    0,
    0,
    ...section(1, vector(functions.map(({ parameters }) => [0x60, ...vector(parameters.map((type) => [type])), 0]))),
    ...section(2, vector(memories)),
    ...section(3, vector(functions.map((_, index) => unsigned(index)))),
    ...section(7, vector(functions.map((_, index) => [2, 0x66, 0x30 + index, 0, ...unsigned(index)]))),
    ...section(10, vector(bodies)),
  ]);
}
