import { describe, expect, it } from "vitest";
import { bfloat16, float16, float32 } from "../src/type/dense-formats.ts";
import type { StorageFormat } from "../src/type/storage-format.ts";
import { address, i32 } from "../src/wasm/index.ts";
import { instantiate } from "./wasm-module.ts";

/** Runs a format's decode snippet over `count` elements, four at a time, beginning at element `first`. */
function decode(format: StorageFormat, bytes: Uint8Array, first: number, count: number): number[] {
  const { call, memory } = instantiate((module) => {
    module.function({ name: "run", parameters: ["address", "address"], exported: true }, (f, source, target) => {
      f.for(0, count, 4, (index) => {
        const element = f.keep(i32.add(index, first));
        f.store("v128", address.at(target, index, 4), format.decoders.cpu!(f, { components: [source], element }));
      });
    });
  });
  new Uint8Array(memory.buffer).set(bytes, 1024);
  call("run", 1024, 32768);
  return Array.from(new Float32Array(memory.buffer, 32768, count));
}

describe("CPU decode snippets", () => {
  const values = [
    0,
    -0,
    1,
    -1,
    0.5,
    65504,
    -65504,
    2 ** -14,
    2 ** -24,
    -3 * 2 ** -20,
    1 / 3,
    1e5,
    Infinity,
    -Infinity,
    NaN,
    1e-3,
  ];
  it.each([float32, bfloat16, float16])("$id decodes as the format's reference", (format) => {
    const bytes = format.encode!(values, [values.length])[0]!;
    const expected = Array.from(format.decode([bytes], [values.length]));
    expect(decode(format, bytes, 0, 16)).toEqual(expected);
    expect(decode(format, bytes, 3, 8)).toEqual(expected.slice(3, 11));
  });

  it("decodes every f16 bit pattern", () => {
    for (let start = 0; start < 65536; start += 4096) {
      const bytes = new Uint8Array(Uint16Array.from({ length: 4096 }, (_, index) => start + index).buffer);
      expect(decode(float16, bytes, 0, 4096)).toEqual(Array.from(float16.decode([bytes], [4096])));
    }
  });
});
