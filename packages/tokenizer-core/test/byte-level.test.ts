import { createHash } from "node:crypto";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { byteLevelDecoder, incompleteTail } from "../src/decode/byte-decoders.ts";
import { sha256 } from "../src/files/sha256.ts";
import { byteCharacters, bytesOfCharacters, fromByteCharacters, toByteCharacters } from "../src/index.ts";

describe("byte characters", () => {
  it("are 256 different printable characters, space and line feed as GPT-2 has them", () => {
    expect(new Set(byteCharacters).size).toBe(256);
    expect([byteCharacters[32], byteCharacters[10], byteCharacters[65], byteCharacters[173]]).toEqual([
      "Ġ",
      "Ċ",
      "A",
      "Ń",
    ]);
    expect(
      byteCharacters.every(
        (character, byte) => bytesOfCharacters.get(character) === byte && !/\p{C}|\p{Z}/u.test(character),
      ),
    ).toBe(true);
  });

  it("spell texts and are read back; other characters are not", () => {
    expect(toByteCharacters("é 🦙\n")).toBe("Ã©ĠðŁ¦ĻĊ");
    expect(fromByteCharacters("Ã©")).toEqual(Uint8Array.of(0xc3, 0xa9));
    expect(fromByteCharacters("a b")).toBeUndefined();
  });
});

describe("byteLevelDecoder", () => {
  const lossy = new TextDecoder("utf-8", { ignoreBOM: true });
  const anyBytes = fc.oneof(
    fc.uint8Array({ maxLength: 12 }),
    fc.string({ unit: "grapheme", maxLength: 6 }).map((text) => new TextEncoder().encode(text)),
    fc
      .array(fc.constantFrom(0xe2, 0x82, 0xac, 0xf0, 0x9f, 0xa6, 0x99, 0xed, 0xa0, 0x80, 0xc0, 0xf5, 0x41), {
        maxLength: 12,
      })
      .map((bytes) => Uint8Array.from(bytes)),
  );

  it("gives for any bytes, cut into any tokens, what decoding them at once gives", () => {
    fc.assert(
      fc.property(anyBytes, fc.array(fc.integer({ min: 1, max: 3 }), { maxLength: 12 }), (bytes, cuts) => {
        const stage = byteLevelDecoder().start(false);
        let text = "";
        let place = 0;
        const emit = (part: string): void => {
          text += part;
        };
        for (const length of [...cuts, bytes.length]) {
          const token = Array.from(bytes.subarray(place, place + length), (byte) => byteCharacters[byte]).join("");
          if (token !== "") stage.push(token, false, emit);
          place += length;
          // What was emitted is final: it is a beginning of the whole.
          expect(lossy.decode(bytes).startsWith(text)).toBe(true);
        }
        stage.end(emit);
        expect(text).toBe(lossy.decode(bytes));
      }),
      { numRuns: 2000 },
    );
  });

  it.each([
    [[0x41], 0],
    [[0xc3], 1],
    [[0xe2, 0x82], 2],
    [[0xf0, 0x9f, 0xa6], 3],
    [[0xf0, 0x9f, 0xa6, 0x99], 0],
    [[0xe0, 0x80], 0],
    [[0xed, 0xa0], 0],
    [[0xf4, 0x90], 0],
    [[0xc0], 0],
    [[0xf5], 0],
    [[0x80, 0x80], 0],
    [[], 0],
  ])("knows how much of %j may still become a character", (bytes, expected) => {
    expect(incompleteTail(Uint8Array.from(bytes))).toBe(expected);
  });
});

describe("sha256", () => {
  it("agrees with the system's", () => {
    for (const length of [0, 1, 55, 56, 63, 64, 65, 119, 120, 1000]) {
      const text = "aéb".repeat(length).slice(0, length);
      expect(sha256(text)).toBe(createHash("sha256").update(text).digest("hex"));
    }
  });
});
