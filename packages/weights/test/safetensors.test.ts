import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { AttuneError } from "@attune/spec";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  encodeSafetensors,
  openSafetensors,
  openSafetensorsBytes,
  type TensorToWrite,
  tensorByteLength,
  weightDtypes,
  writeSafetensors,
  writeShardedSafetensors,
} from "../src/index.ts";
import { temporaryFolder } from "./temporary-folder.ts";

const fixture = join(import.meta.dirname, "fixtures/every_dtype.safetensors");

/** A safetensors file with any header text. */
function fileOf(header: string, dataBytes = 0): Uint8Array {
  const json = new TextEncoder().encode(header);
  const file = new Uint8Array(8 + json.length + dataBytes);
  new DataView(file.buffer).setBigUint64(0, BigInt(json.length), true);
  file.set(json, 8);
  return file;
}

async function failureOf(promise: Promise<unknown>): Promise<AttuneError> {
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(AttuneError.is(error), String(error)).toBe(true);
  return error as AttuneError;
}

const someTensors: TensorToWrite[] = [
  { name: "b", dtype: "F32", shape: [2, 2], data: Float32Array.of(1, 2, 3, 4) },
  { name: "a", dtype: "U8", shape: [3], data: Uint8Array.of(7, 8, 9) },
  { name: "c", dtype: "BF16", shape: [], data: async () => Uint16Array.of(0x3f80) },
];

describe("openSafetensors", () => {
  it("reads every dtype that the reference implementation writes", async () => {
    const reader = await openSafetensors(fixture);
    expect([...reader.metadata]).toEqual([["format", "pt"]]);
    expect(new Set(reader.names.map((name) => reader.info(name).dtype))).toEqual(new Set(weightDtypes));
    expect([...(await reader.readFloat32('ünïcode "name"'))]).toEqual([1]);
    const pattern = Uint8Array.from({ length: 40 }, (_, position) => (17 * 14 + 7 * position) % 251);
    expect(reader.info("v.float32")).toMatchObject({ dtype: "F32", shape: [5, 1], byteLength: 20, file: fixture });
    expect(await reader.read("v.float32")).toEqual(pattern.slice(0, 20));
    await reader.close();
    await expect(reader.read(reader.names[0]!)).rejects.toMatchObject({
      code: "INPUT_INVALID",
      message: expect.stringContaining("was read after its reader was closed."),
    });
  });

  it("reads ranges, also into shared memory", async () => {
    const path = join(temporaryFolder(), "x.safetensors");
    await writeSafetensors(path, someTensors);
    const reader = await openSafetensors(path);
    const target = new Float32Array(new SharedArrayBuffer(8));
    await reader.readInto("b", new Uint8Array(target.buffer), 4);
    expect([...target]).toEqual([2, 3]);
    const error = await failureOf(reader.readInto("b", new Uint8Array(8), 12));
    expect(error.code).toBe("SHAPE_MISMATCH");
    await reader.close();
  });

  it("names tensors that are there when one is not", async () => {
    const reader = await openSafetensorsBytes(await encodeSafetensors(someTensors), "memory");
    expect(() => reader.info("lm_head")).toThrow(/"lm_head" in memory/);
  });

  const one = (entry: string) => `{"a":${entry}}`;
  const hostile: [string, Uint8Array, RegExp][] = [
    ["an empty file", new Uint8Array(0), /at least 8 bytes/],
    [
      "a pointer of Git LFS",
      new TextEncoder().encode("version https://git-lfs.github.com/spec/v1\noid sha256:ab\nsize 9\n"),
      /is a pointer of Git LFS, not the file itself/,
    ],
    ["a header longer than the file", fileOf("{}").subarray(0, 9), /2 to 1 bytes, but its length field says 2/],
    [
      "a length field of 2^63",
      Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 128, 123, 125),
      /length field says 9223372036854776000/,
    ],
    ["no JSON", fileOf('{"a":'), /JSON in UTF-8/],
    ["no UTF-8", Uint8Array.of(2, 0, 0, 0, 0, 0, 0, 0, 123, 255), /JSON in UTF-8/],
    ["white space before the object", fileOf(" {}"), /JSON object/],
    ["a list", fileOf("[]"), /JSON object/],
    [
      "a name twice",
      fileOf(
        '{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"\\u0061":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}',
        1,
      ),
      /"a" is there twice/,
    ],
    ["metadata that is no text", fileOf('{"__metadata__":{"a":1}}'), /__metadata__/],
    ["a missing dtype", fileOf(one('{"shape":[1],"data_offsets":[0,1]}'), 1), /expected a dtype/],
    ["an extra field", fileOf(one('{"dtype":"U8","shape":[1],"data_offsets":[0,1],"x":1}'), 1), /also "x"/],
    ["a negative size", fileOf(one('{"dtype":"U8","shape":[-1],"data_offsets":[0,1]}'), 1), /list of sizes/],
    ["a fractional size", fileOf(one('{"dtype":"U8","shape":[0.5],"data_offsets":[0,1]}'), 1), /list of sizes/],
    [
      "sizes whose product overflows",
      fileOf(one(`{"dtype":"U8","shape":[${2 ** 40},${2 ** 40}],"data_offsets":[0,1]}`), 1),
      /data_offsets say 1/,
    ],
    [
      "an end before the begin",
      fileOf(one('{"dtype":"U8","shape":[1],"data_offsets":[1,0]}'), 1),
      /data_offsets say -1/,
    ],
    [
      "a shape unlike the bytes",
      fileOf(one('{"dtype":"F32","shape":[2],"data_offsets":[0,4]}'), 4),
      /8 bytes for F32 \[2\]/,
    ],
    ["data past the end", fileOf(one('{"dtype":"U8","shape":[4],"data_offsets":[0,4]}'), 3), /truncated/],
    [
      "data that no tensor has",
      fileOf(one('{"dtype":"U8","shape":[4],"data_offsets":[0,4]}'), 5),
      /belong to no tensor/,
    ],
    ["a hole", fileOf(one('{"dtype":"U8","shape":[4],"data_offsets":[1,5]}'), 5), /leaves a hole/],
    [
      "an overlap",
      fileOf(
        '{"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]},"b":{"dtype":"U8","shape":[4],"data_offsets":[2,6]}}',
        6,
      ),
      /"b".*overlaps/,
    ],
  ];
  it.each(hostile)("refuses %s", async (_, bytes, message) => {
    const path = join(temporaryFolder(), "hostile.safetensors");
    writeFileSync(path, bytes);
    for (const open of [() => openSafetensors(path), () => openSafetensorsBytes(bytes, path)]) {
      const error = await failureOf(open());
      expect(error.code).toBe("FILE_CORRUPT");
      expect(error.message).toMatch(message);
      expect(error.message).toContain(path);
      expect(error.details?.file).toBe(path);
    }
  });

  it("names the dtypes it knows when one is unknown", async () => {
    const bytes = fileOf(one('{"dtype":"Q9","shape":[1],"data_offsets":[0,1]}'), 1);
    const error = await failureOf(openSafetensorsBytes(bytes));
    expect([error.code, error.hint]).toEqual(["FILE_UNSUPPORTED", expect.stringContaining("BF16")]);
  });

  it("keeps a tensor named __proto__ apart from objects' prototypes", async () => {
    const bytes = await encodeSafetensors([{ name: "__proto__", dtype: "U8", shape: [1], data: Uint8Array.of(5) }]);
    const reader = await openSafetensorsBytes(bytes);
    expect(reader.names).toEqual(["__proto__"]);
    expect(reader.has("constructor")).toBe(false);
  });

  it("gives an error or the same tensors for any flipped, cut or inserted byte", async () => {
    const bytes = new Uint8Array(readFileSync(fixture));
    const headerLength = 8 + Number(new DataView(bytes.buffer).getBigUint64(0, true));
    const mutation = fc.record({
      kind: fc.constantFrom("flip", "cut", "insert"),
      position: fc.nat(headerLength + 40),
      value: fc.integer({ min: 1, max: 255 }),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(mutation, { minLength: 1, maxLength: 4 }), async (mutations) => {
        const changed = mutations.reduce((file, { kind, position, value }) => {
          if (kind === "cut") return file.slice(0, position);
          if (kind === "insert") return Uint8Array.of(...file.subarray(0, position), value, ...file.subarray(position));
          const copy = file.slice();
          if (position < copy.length) copy[position]! ^= value;
          return copy;
        }, bytes);
        try {
          const reader = await openSafetensorsBytes(changed);
          for (const name of reader.names) {
            expect((await reader.read(name)).byteLength).toBe(reader.info(name).byteLength);
          }
        } catch (error) {
          expect(AttuneError.is(error), String(error)).toBe(true);
        }
      }),
      { numRuns: 400 },
    );
  });

  it("says so when the file shrinks after it was opened", async () => {
    const path = join(temporaryFolder(), "x.safetensors");
    await writeSafetensors(path, someTensors);
    const reader = await openSafetensors(path);
    writeFileSync(path, new Uint8Array(20));
    expect((await failureOf(reader.read("b"))).message).toMatch(/the file ends after/);
    await reader.close();
  });

  it("refuses folders and missing files", async () => {
    const folder = temporaryFolder();
    expect((await failureOf(openSafetensors(folder))).code).toBe("INPUT_INVALID");
    expect((await failureOf(openSafetensors(join(folder, "none.safetensors")))).code).toBe("FILE_NOT_FOUND");
  });
});

describe("writeSafetensors", () => {
  it("writes the same bytes as the reference implementation", async () => {
    const reader = await openSafetensors(fixture);
    const tensors = reader.names.toReversed().map((name): TensorToWrite => {
      const { dtype, shape } = reader.info(name);
      return { name, dtype, shape, data: () => reader.read(name) };
    });
    const path = join(temporaryFolder(), "folder/copy.safetensors");
    await writeSafetensors(path, tensors, { format: "pt" });
    await reader.close();
    expect(readFileSync(path).equals(readFileSync(fixture))).toBe(true);
  });

  it("gives back what it was given", async () => {
    const tensor = fc
      .record({
        dtype: fc.constantFrom(...weightDtypes),
        shape: fc.array(fc.nat(4), { maxLength: 4 }),
        seed: fc.nat(255),
      })
      .map(({ dtype, shape, seed }) => {
        const data = Uint8Array.from(
          { length: tensorByteLength({ dtype, shape }) },
          (_, index) => (seed + 31 * index) & 255,
        );
        return { dtype, shape, data };
      });
    const names = fc.string({ unit: "grapheme" }).filter((name) => name !== "__metadata__");
    await fc.assert(
      fc.asyncProperty(
        fc.dictionary(names, tensor),
        fc.dictionary(fc.string({ unit: "grapheme" }), fc.string({ unit: "grapheme" })),
        async (tensors, metadata) => {
          const given = Object.entries(tensors).map(([name, value]) => ({ name, ...value }));
          const reader = await openSafetensorsBytes(await encodeSafetensors(given, metadata));
          expect(new Map(reader.metadata)).toEqual(new Map(Object.entries(metadata)));
          expect(new Set(reader.names)).toEqual(new Set(Object.keys(tensors)));
          for (const { name, dtype, shape, data } of given) {
            expect(reader.info(name)).toMatchObject({ dtype, shape });
            expect(await reader.read(name)).toEqual(data);
          }
        },
      ),
      { numRuns: 100 },
    );
  });

  it("leaves the old file when a tensor fails half-way", async () => {
    const folder = temporaryFolder();
    const path = join(folder, "x.safetensors");
    await writeSafetensors(path, someTensors);
    const before = readFileSync(path);
    const broken: TensorToWrite[] = [
      ...someTensors,
      { name: "z", dtype: "U8", shape: [1], data: () => Promise.reject(new Error("source lost")) },
    ];
    await expect(writeSafetensors(path, broken)).rejects.toThrow(/source lost/);
    expect(readFileSync(path).equals(before)).toBe(true);
    expect(readdirSync(folder)).toEqual(["x.safetensors"]);
  });

  it.each<[string, TensorToWrite[], string]>([
    ["data of another length", [{ name: "a", dtype: "F32", shape: [2], data: new Uint8Array(4) }], "SHAPE_MISMATCH"],
    [
      "the name of the metadata",
      [{ name: "__metadata__", dtype: "U8", shape: [0], data: new Uint8Array(0) }],
      "INPUT_INVALID",
    ],
    ["a name twice", [someTensors[0]!, { ...someTensors[1]!, name: "b" }], "INPUT_INVALID"],
    ["a lone surrogate", [{ ...someTensors[0]!, name: "\ud800" }], "INPUT_INVALID"],
    ["a fractional size", [{ name: "a", dtype: "U8", shape: [1.5], data: new Uint8Array(1) }], "INPUT_INVALID"],
  ])("refuses %s", async (_, tensors, code) => {
    expect((await failureOf(encodeSafetensors(tensors))).code).toBe(code);
  });
});

describe("sharded files", () => {
  it("divides by size, writes an index and reads it back as one", async () => {
    const folder = temporaryFolder();
    const files = await writeShardedSafetensors(folder, someTensors, { maxShardBytes: 16 });
    expect(files).toEqual([
      "model-00001-of-00002.safetensors",
      "model-00002-of-00002.safetensors",
      "model.safetensors.index.json",
    ]);
    const index = JSON.parse(readFileSync(join(folder, files[2]!), "utf8")) as unknown;
    expect(index).toEqual({ metadata: { total_size: 21 }, weight_map: { a: files[1], b: files[0], c: files[1] } });
    const reader = await openSafetensors(join(folder, files[2]!));
    expect([...reader.names].sort()).toEqual(["a", "b", "c"]);
    expect(reader.info("a").file).toBe(join(folder, files[1]!));
    expect([...(await reader.readFloat32("c"))]).toEqual([1]);
    await reader.close();
  });

  it("writes one plain file when everything fits", async () => {
    const folder = temporaryFolder();
    expect(await writeShardedSafetensors(folder, someTensors)).toEqual(["model.safetensors"]);
    const reader = await openSafetensors(join(folder, "model.safetensors"));
    expect(reader.metadata.get("format")).toBe("pt");
    await reader.close();
  });

  it.each([
    ["../other.safetensors", /same folder/],
    ["/etc/x.safetensors", /same folder/],
    ["sub/x.safetensors", /same folder/],
    ["..\\x.safetensors", /same folder/],
    ["C:x.safetensors", /same folder/],
    ["model.bin", /same folder/],
    [7, /same folder/],
  ])("refuses an index that names %s", async (shard, message) => {
    const folder = temporaryFolder();
    const path = join(folder, "model.safetensors.index.json");
    writeFileSync(path, JSON.stringify({ weight_map: { a: shard } }));
    const error = await failureOf(openSafetensors(path));
    expect([error.code, error.details?.key]).toEqual(["FILE_CORRUPT", "a"]);
    expect(error.message).toMatch(message);
  });

  it("refuses an index that differs from its shards", async () => {
    const folder = temporaryFolder();
    await writeSafetensors(join(folder, "s.safetensors"), someTensors);
    const path = join(folder, "model.safetensors.index.json");
    const open = (weightMap: object): Promise<AttuneError> => {
      writeFileSync(path, JSON.stringify({ weight_map: weightMap }));
      return failureOf(openSafetensors(path));
    };
    const all = { a: "s.safetensors", b: "s.safetensors", c: "s.safetensors" };
    expect((await open({ ...all, d: "s.safetensors" })).message).toMatch(/"d" in s.safetensors, but it is not there/);
    expect((await open({ a: "s.safetensors", b: "s.safetensors" })).message).toMatch(
      /"c" in s.safetensors, but the index does not name it/,
    );
    await writeSafetensors(join(folder, "t.safetensors"), [someTensors[0]!]);
    const moved = await open({ ...all, b: "t.safetensors" });
    expect(moved.message).toMatch(/"b" in s.safetensors, but the index says it is in t.safetensors/);
    expect((await open({ ...all, a: "none.safetensors" })).code).toBe("FILE_NOT_FOUND");
    writeFileSync(path, "[]");
    expect((await failureOf(openSafetensors(path))).message).toMatch(/weight_map/);
    mkdirSync(join(folder, "d.safetensors"));
    expect((await open({ a: "d.safetensors" })).code).toBe("INPUT_INVALID");
  });
});
