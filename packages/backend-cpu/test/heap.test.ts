import { afterEach, describe, expect, it, vi } from "vitest";
import { createHeap, heapAlignment } from "../src/memory/heap.ts";

afterEach(() => vi.restoreAllMocks());

describe("heap", () => {
  it("gives aligned ranges that do not overlap, and takes freed ones again", () => {
    const heap = createHeap(64);
    const ranges = [1, 100, 64, 70000, 3].map((bytes) => heap.allocate(bytes));
    for (const { offset } of ranges) expect(offset % heapAlignment).toBe(0);
    const sorted = [...ranges].sort((a, b) => a.offset - b.offset);
    sorted.slice(1).forEach((range, index) => {
      expect(range.offset).toBeGreaterThanOrEqual(sorted[index]!.offset + sorted[index]!.bytes);
    });
    const [, second, third] = ranges;
    heap.free(third!);
    heap.free(second!);
    expect(heap.allocate(second!.bytes + third!.bytes).offset).toBe(second!.offset);
  });

  it("zeroes what is used again", () => {
    const heap = createHeap(8);
    const first = heap.allocate(256);
    heap.allocate(64);
    heap.bytes(first.offset, 256).fill(7);
    heap.free(first);
    const again = heap.allocate(256);
    expect(again.offset).toBe(first.offset);
    expect(heap.bytes(again.offset, 256).every((byte) => byte === 0)).toBe(true);
  });

  it("zeroes a freed range at the end that grows", () => {
    const heap = createHeap(8);
    const last = heap.allocate(512);
    heap.bytes(last.offset, 512).fill(9);
    heap.free(last);
    const larger = heap.allocate(4096);
    expect(larger.offset).toBe(last.offset);
    expect(heap.bytes(larger.offset, 4096).every((byte) => byte === 0)).toBe(true);
  });

  it("returns to its baseline after any order of frees", () => {
    const heap = createHeap(16);
    for (let round = 0; round < 50; round++) {
      const ranges = Array.from({ length: 10 }, (_, index) => heap.allocate(1 + ((round * 37 + index * 101) % 9000)));
      for (const index of [3, 1, 4, 0, 5, 9, 2, 6, 8, 7]) heap.free(ranges[index]!);
      expect(heap.used()).toBe(0);
    }
    expect(heap.memory.buffer.byteLength).toBeLessThanOrEqual(3 * 65536);
  });

  it("says what was asked for when the memory is full, and goes on", () => {
    const heap = createHeap(2);
    const held = heap.allocate(65536);
    expect(() => heap.allocate(100000)).toThrow(
      expect.objectContaining({
        code: "MEMORY_EXCEEDED",
        message: expect.stringContaining("100032 bytes more, holds 65536 and may hold 131072"),
      }),
    );
    heap.free(held);
    expect(heap.allocate(100000).bytes).toBe(100032);
  });

  it("says that the system refuses what the limit allows, and goes on", () => {
    const heap = createHeap(64);
    heap.allocate(1000);
    vi.spyOn(heap.memory, "grow").mockImplementation(() => {
      throw new RangeError("WebAssembly.Memory.grow(): Unable to grow instance memory");
    });
    expect(() => heap.allocate(100000)).toThrow(
      expect.objectContaining({
        code: "MEMORY_EXCEEDED",
        message:
          "The CPU backend needs 100032 bytes more, holds 1024 and may hold 4194304, but the system gives it no more.",
        hint: expect.stringContaining("give this process more memory"),
      }),
    );
    expect([heap.used(), heap.allocate(1000).bytes]).toEqual([1024, 1024]);
    vi.restoreAllMocks();
    expect(heap.allocate(100000).bytes).toBe(100032);
  });

  it("says that the system reserves no addresses", () => {
    function refuse(): never {
      throw new RangeError("WebAssembly.Memory(): could not allocate memory");
    }
    for (const pages of [64, 65537]) {
      vi.spyOn(WebAssembly, "Memory").mockImplementation(refuse);
      expect(() => createHeap(pages)).toThrow(
        expect.objectContaining({
          code: "MEMORY_EXCEEDED",
          message: expect.stringContaining(`${pages * 65536} bytes`),
        }),
      );
    }
  });
});
