import { describe, expect, it } from "vitest";
import { bfloat16, float16, float32 } from "../src/type/dense-formats.ts";
import type { StorageFormat } from "../src/type/storage-format.ts";
import { address, f32x4, i32 } from "../src/wasm/index.ts";
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

/** Decodes 4096 elements by pairs of runs; what a run leaves out is put back, exactly, as all of it are powers of two. */
function decodeRuns(format: StorageFormat, bytes: Uint8Array): number[] {
  const runs = format.decoders.cpuRuns!;
  const { call, memory } = instantiate((module) => {
    module.function({ name: "run", parameters: ["address", "address"], exported: true }, (f, source, target) => {
      f.for(0, 4096, 2 * runs.length, (element) => {
        const place = (_component: number, bits: number) => f.keep(address.at(source, element, bits / 8));
        for (const offset of [0, runs.length]) {
          const context = { components: [source], element, offset, address: place };
          for (const [vector, value] of runs.decode(f, context).entries()) {
            const scaled = f32x4.mul(value, f32x4.constant(2 ** runs.exponents[vector]!));
            const whole = f.keep(runs.rowFactor ? f32x4.mul(scaled, runs.rowFactor(f, context)) : scaled);
            for (const [lane, item] of runs.order.slice(4 * vector, 4 * vector + 4).entries())
              f.storeLane(32, address.at(target, element, 4), whole, lane, 4 * (offset + item));
          }
        }
      });
    });
  });
  new Uint8Array(memory.buffer).set(bytes, 1024);
  call("run", 1024, 32768);
  return Array.from(new Float32Array(memory.buffer, 32768, 4096));
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
      const expected = Array.from(float16.decode([bytes], [4096]));
      expect(decode(float16, bytes, 0, 4096)).toEqual(expected);
      expect(decodeRuns(float16, bytes)).toEqual(expected);
    }
  });

  it("decodes f32 and bf16 in runs", () => {
    const seeds = Float32Array.from({ length: 4096 }, (_, index) => Math.fround(Math.sin(index) * 2 ** (index % 90)));
    seeds.set(values);
    for (const format of [float32, bfloat16]) {
      const bytes = format.encode!(seeds, [4096])[0]!;
      expect(decodeRuns(format, bytes)).toEqual(Array.from(format.decode([bytes], [4096])));
    }
  });
});
