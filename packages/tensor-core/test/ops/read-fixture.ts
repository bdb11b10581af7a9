import { readFileSync } from "node:fs";

/** A tensor of a fixture file. */
export interface FixtureTensor {
  readonly shape: readonly number[];
  readonly dtype: "f32" | "i32";
  readonly values: Float64Array;
}

/** Attributes and tensors of one case of a fixture. */
export interface FixtureCase {
  readonly name: string;
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly tensors: ReadonlyMap<string, FixtureTensor>;
}

/** The cases of `fixtures/<name>.json` with their tensors from `fixtures/<name>.safetensors`. */
export function readFixture(name: string): FixtureCase[] {
  const read = (extension: string): Buffer =>
    readFileSync(new URL(`../fixtures/${name}.${extension}`, import.meta.url));
  const { cases } = JSON.parse(read("json").toString()) as { cases: Record<string, Record<string, unknown>> };
  const file = read("safetensors");
  const headerLength = Number(file.readBigUInt64LE(0));
  const header = JSON.parse(file.subarray(8, 8 + headerLength).toString()) as Record<
    string,
    { dtype: "F32" | "F64" | "I32"; shape: number[]; data_offsets: [number, number] }
  >;
  const tensorOf = (key: string): FixtureTensor => {
    const { dtype, shape, data_offsets } = header[key]!;
    const bytes = file.subarray(8 + headerLength + data_offsets[0], 8 + headerLength + data_offsets[1]);
    const copy = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength) as ArrayBuffer;
    const stored =
      dtype === "F64" ? new Float64Array(copy) : dtype === "F32" ? new Float32Array(copy) : new Int32Array(copy);
    return { shape, dtype: dtype === "I32" ? "i32" : "f32", values: Float64Array.from(stored) };
  };
  return Object.entries(cases).map(([caseName, attributes]) => {
    const keys = Object.keys(header).filter((key) => key.startsWith(`${caseName}.`));
    return {
      name: caseName,
      attributes,
      tensors: new Map(keys.map((key) => [key.slice(caseName.length + 1), tensorOf(key)])),
    };
  });
}
