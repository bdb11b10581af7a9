/** A value of a GGUF file with its type. */
export type GgufEntry =
  | { readonly type: "uint8" | "int32" | "uint32" | "float32" | "uint64" | "float64"; readonly value: number }
  | { readonly type: "bool"; readonly value: boolean }
  | { readonly type: "string"; readonly value: string }
  | { readonly type: "array"; readonly of: GgufEntry["type"]; readonly values: readonly GgufEntry[] };

const typeNumbers = {
  uint8: 0,
  uint32: 4,
  int32: 5,
  float32: 6,
  bool: 7,
  string: 8,
  array: 9,
  uint64: 10,
  float64: 12,
};

/** A tensor's entry in the header; dimensions innermost first, as in the file. */
export interface GgufTensorEntry {
  readonly name: string;
  readonly dimensions: readonly number[];
  readonly type: number;
  readonly offset: number;
}

/** Builds GGUF files for tests, also ones that lie. */
export class GgufBytes {
  readonly #bytes: number[] = [];

  uint32(value: number): this {
    this.#bytes.push(...new Uint8Array(Uint32Array.of(value).buffer));
    return this;
  }

  uint64(value: number | bigint): this {
    this.#bytes.push(...new Uint8Array(BigUint64Array.of(BigInt(value)).buffer));
    return this;
  }

  string(text: string): this {
    const bytes = new TextEncoder().encode(text);
    this.uint64(bytes.length).#bytes.push(...bytes);
    return this;
  }

  value(entry: GgufEntry): this {
    switch (entry.type) {
      case "string":
        return this.string(entry.value);
      case "array":
        this.uint32(typeNumbers[entry.of]).uint64(entry.values.length);
        for (const inner of entry.values) this.value(inner);
        return this;
      case "uint64":
        return this.uint64(entry.value);
      case "uint8":
      case "bool":
        this.#bytes.push(Number(entry.value));
        return this;
      case "float32":
        this.#bytes.push(...new Uint8Array(Float32Array.of(entry.value).buffer));
        return this;
      case "float64":
        this.#bytes.push(...new Uint8Array(Float64Array.of(entry.value).buffer));
        return this;
      default:
        return this.uint32(entry.value);
    }
  }

  /** Zeros up to a multiple of the alignment, then further bytes. */
  data(alignment: number, length: number): this {
    while (this.#bytes.length % alignment !== 0) this.#bytes.push(0);
    for (let index = 0; index < length; index++) this.#bytes.push(index & 255);
    return this;
  }

  bytes(): Uint8Array {
    return Uint8Array.from(this.#bytes);
  }
}

/** Builds a whole file. */
export function ggufFile(
  metadata: Readonly<Record<string, GgufEntry>>,
  tensors: readonly GgufTensorEntry[] = [],
  dataLength = 0,
  version = 3,
): Uint8Array {
  const file = new GgufBytes()
    .uint32(0x46554747)
    .uint32(version)
    .uint64(tensors.length)
    .uint64(Object.keys(metadata).length);
  for (const [key, entry] of Object.entries(metadata)) file.string(key).uint32(typeNumbers[entry.type]).value(entry);
  for (const { name, dimensions, type, offset } of tensors) {
    file.string(name).uint32(dimensions.length);
    for (const extent of dimensions) file.uint64(extent);
    file.uint32(type).uint64(offset);
  }
  return file.data(32, dataLength).bytes();
}
