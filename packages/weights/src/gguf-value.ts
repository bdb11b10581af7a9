import { corruptFile } from "./corrupt-file.ts";
import { GgufCursor } from "./gguf-cursor.ts";

/** A single value of the metadata; integers beyond 2^53 are bigints. */
export type GgufScalar = number | bigint | boolean | string;

/** A list of the metadata, decoded only when it is asked for. */
export interface GgufList {
  /** Number of elements. */
  readonly length: number;
  /** Name of the elements' type, for example `string` or `float32`. */
  readonly elementType: string;
  /** Decodes all elements. */
  toArray(): (GgufScalar | GgufList)[];
}

interface ScalarType {
  readonly name: string;
  readonly size: number;
  readonly read: (view: DataView, offset: number) => number | bigint | boolean;
}

const scalarTypes: ReadonlyMap<number, ScalarType> = new Map([
  [0, { name: "uint8", size: 1, read: (view, offset) => view.getUint8(offset) }],
  [1, { name: "int8", size: 1, read: (view, offset) => view.getInt8(offset) }],
  [2, { name: "uint16", size: 2, read: (view, offset) => view.getUint16(offset, true) }],
  [3, { name: "int16", size: 2, read: (view, offset) => view.getInt16(offset, true) }],
  [4, { name: "uint32", size: 4, read: (view, offset) => view.getUint32(offset, true) }],
  [5, { name: "int32", size: 4, read: (view, offset) => view.getInt32(offset, true) }],
  [6, { name: "float32", size: 4, read: (view, offset) => view.getFloat32(offset, true) }],
  [7, { name: "bool", size: 1, read: (view, offset) => view.getUint8(offset) !== 0 }],
  [10, { name: "uint64", size: 8, read: (view, offset) => exact(view.getBigUint64(offset, true)) }],
  [11, { name: "int64", size: 8, read: (view, offset) => exact(view.getBigInt64(offset, true)) }],
  [12, { name: "float64", size: 8, read: (view, offset) => view.getFloat64(offset, true) }],
] satisfies [number, ScalarType][]);

const stringType = 8;
const listType = 9;
const deepestList = 8;

/** Reads the value of a key: its type, then what the type says. */
export function readGgufValue(cursor: GgufCursor, key: string): GgufScalar | GgufList {
  return readTyped(cursor, cursor.uint32(`the type of ${key}`), key, 0);
}

function readTyped(cursor: GgufCursor, type: number, key: string, depth: number): GgufScalar | GgufList {
  if (type === stringType) return cursor.string(key);
  if (type === listType) return readList(cursor, key, depth);
  const scalar = scalarTypes.get(type);
  if (!scalar) throw unknownType(cursor, type, key);
  return scalar.read(cursor.view, cursor.skip(scalar.size, key));
}

function readList(cursor: GgufCursor, key: string, depth: number): GgufList {
  if (depth >= deepestList) {
    throw corruptFile(
      cursor.file,
      `expected at most ${deepestList} lists inside each other in ${key}, but there are more.`,
    );
  }
  const type = cursor.uint32(`the element type of ${key}`);
  const scalar = scalarTypes.get(type);
  if (!scalar && type !== stringType && type !== listType) throw unknownType(cursor, type, key);
  const length = cursor.count(`the length of ${key}`, scalar?.size ?? (type === stringType ? 8 : 12));
  const start = cursor.position;
  if (scalar) cursor.skip(length * scalar.size, key);
  else for (let index = 0; index < length; index++) skipElement(cursor, type, key, depth + 1);
  const { bytes, fileSize, file } = cursor;
  return {
    length,
    elementType: scalar?.name ?? (type === stringType ? "string" : "array"),
    toArray() {
      const again = new GgufCursor(bytes, fileSize, file);
      again.position = start;
      return Array.from({ length }, () => readTyped(again, type, key, depth + 1));
    },
  };
}

/** Strings are only stepped over now. */
function skipElement(cursor: GgufCursor, type: number, key: string, depth: number): void {
  if (type === stringType) cursor.skip(cursor.count(`the length of a string of ${key}`), key);
  else readTyped(cursor, type, key, depth);
}

function unknownType(cursor: GgufCursor, type: number, key: string): Error {
  return corruptFile(cursor.file, `expected a value type from 0 to 12 for ${key}, but found ${type}.`, { key });
}

function exact(value: bigint): number | bigint {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}
