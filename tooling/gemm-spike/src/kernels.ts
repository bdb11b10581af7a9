/**
 * The two programs that are measured: a loop of nothing but multiply-adds in registers (the peak that the engine
 * lets a program reach) and C += A B over packed panels, with a rows x (4 vectors) tile of C held in registers.
 * Panels: A is [rowTile][k][rows], B is [columnTile][k][4 vectors], C is row-major.
 */
import { type FunctionBody, I32, I64, type MemoryKind, signed, unsigned, V128 } from "./encode.ts";

export interface Tile {
  readonly rows: number;
  readonly vectors: number;
}
export type Arithmetic = "fma" | "mul-add";

const get = (local: number): number[] => [0x20, ...unsigned(local)];
const set = (local: number): number[] => [0x21, ...unsigned(local)];
const simd = (opcode: number): number[] => [0xfd, ...unsigned(opcode)];
const madd = (arithmetic: Arithmetic): number[] => (arithmetic === "fma" ? simd(0x105) : []);

/** Address arithmetic that differs between the kinds of memory; for "near64", A is in the memory of 64-bit addresses, B and C are not. */
function addressing(kind: MemoryKind, operand: "a" | "b" | "c" = "c") {
  const wide = kind === "memory64" || (kind === "near64" && operand === "a");
  return {
    type: wide ? I64 : I32,
    memory: (align: number, offset: number): number[] => {
      const index = kind === "several32" ? "abc".indexOf(operand) : kind === "near64" && operand === "a" ? 1 : 0;
      return index === 0 ? [align, ...unsigned(offset)] : [align | 64, index, ...unsigned(offset)];
    },
    advance: (local: number, bytes: number): number[] => [
      ...get(local),
      wide ? 0x42 : 0x41,
      ...signed(bytes),
      wide ? 0x7c : 0x6a,
      ...set(local),
    ],
    add: wide ? [0x7c] : [0x6a],
    countDown: (local: number): number[] => [
      ...get(local),
      0x41,
      ...signed(-1),
      0x6a,
      0x22,
      ...unsigned(local),
      0x0d,
      0,
    ],
  };
}

function multiplyAdd(arithmetic: Arithmetic, accumulator: number, left: number[], right: number[]): number[] {
  return arithmetic === "fma"
    ? [...left, ...right, ...get(accumulator), ...madd(arithmetic), ...set(accumulator)]
    : [...get(accumulator), ...left, ...right, ...simd(0xe6), ...simd(0xe4), ...set(accumulator)];
}

/** (c, n): n rounds of `unroll` multiply-adds on each of `count` accumulators; two operands stay in registers. */
export function registerLoop(kind: MemoryKind, arithmetic: Arithmetic, count: number, unroll: number): FunctionBody {
  const at = addressing(kind);
  const [pointer, rounds, left, right, first] = [0, 1, 2, 3, 5];
  const code: number[] = [...get(pointer), ...simd(0x09), ...at.memory(2, 0), ...set(left)];
  for (const half of [0, 1])
    code.push(...get(pointer), ...simd(0x00), ...at.memory(4, 16 * half), ...set(right + half));
  for (let index = 0; index < count; index++)
    code.push(...get(pointer), ...simd(0x00), ...at.memory(4, 64 + 16 * index), ...set(first + index));
  code.push(0x03, 0x40);
  for (let step = 0; step < unroll; step++)
    for (let index = 0; index < count; index++)
      code.push(...multiplyAdd(arithmetic, first + index, get(left), get(right + (index & 1))));
  code.push(...at.countDown(rounds), 0x0b);
  for (let index = 0; index < count; index++)
    code.push(...get(pointer), ...get(first + index), ...simd(0x0b), ...at.memory(4, 64 + 16 * index));
  return { parameters: [at.type, I32], locals: [[3 + count, V128]], code };
}

/** (a, b, c, k, rowBytes of C, rowTiles, columnTiles): for each column tile, for each row tile, C tile += A panel x B panel. */
export function packedGemm(kind: MemoryKind, arithmetic: Arithmetic, { rows, vectors }: Tile): FunctionBody {
  const [atA, atB, at] = [addressing(kind, "a"), addressing(kind, "b"), addressing(kind, "c")];
  const [a, b, c, k, rowBytes, rowTiles, columnTiles] = [0, 1, 2, 3, 4, 5, 6];
  const [aNow, bNow, cNow, cRow, kLeft, rowsLeft, splat] = [7, 8, 9, 10, 11, 12, 13];
  const bVector = splat + 1;
  const first = bVector + vectors;
  const tile = (visit: (row: number, vector: number, local: number) => number[], afterRow: number[]): number[] => {
    const code: number[] = [];
    for (let row = 0; row < rows; row++) {
      for (let vector = 0; vector < vectors; vector++) code.push(...visit(row, vector, first + row * vectors + vector));
      if (row + 1 < rows) code.push(...afterRow);
    }
    return code;
  };
  const nextRow = [...get(cRow), ...get(rowBytes), ...at.add, ...set(cRow)];
  const code: number[] = [
    0x03,
    0x40,
    ...get(a),
    ...set(aNow),
    ...get(c),
    ...set(cNow),
    ...get(rowTiles),
    ...set(rowsLeft),
    0x03,
    0x40,
    ...get(b),
    ...set(bNow),
    ...get(k),
    ...set(kLeft),
    ...get(cNow),
    ...set(cRow),
    ...tile(
      (_row, vector, local) => [...get(cRow), ...simd(0x00), ...at.memory(4, 16 * vector), ...set(local)],
      nextRow,
    ),
    0x03,
    0x40,
  ];
  for (let vector = 0; vector < vectors; vector++)
    code.push(...get(bNow), ...simd(0x00), ...atB.memory(4, 16 * vector), ...set(bVector + vector));
  for (let row = 0; row < rows; row++) {
    code.push(...get(aNow), ...simd(0x09), ...atA.memory(2, 4 * row), ...set(splat));
    for (let vector = 0; vector < vectors; vector++)
      code.push(...multiplyAdd(arithmetic, first + row * vectors + vector, get(splat), get(bVector + vector)));
  }
  code.push(
    ...atA.advance(aNow, 4 * rows),
    ...at.advance(bNow, 16 * vectors),
    ...at.countDown(kLeft),
    0x0b,
    ...get(cNow),
    ...set(cRow),
    ...tile(
      (_row, vector, local) => [...get(cRow), ...get(local), ...simd(0x0b), ...at.memory(4, 16 * vector)],
      nextRow,
    ),
    ...get(cRow),
    ...get(rowBytes),
    ...at.add,
    ...set(cNow),
    ...at.countDown(rowsLeft),
    0x0b,
    ...get(bNow),
    ...set(b),
    ...at.advance(c, 16 * vectors),
    ...at.countDown(columnTiles),
    0x0b,
  );
  return {
    parameters: [atA.type, at.type, at.type, I32, at.type, I32, I32],
    locals: [
      [1, atA.type],
      [2, at.type],
      [1, at.type],
      [2, I32],
      [1 + vectors + rows * vectors, V128],
    ],
    code,
  };
}
