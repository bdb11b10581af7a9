import { describe, expect, it } from "vitest";
import { createHeap, heapAlignment } from "../src/memory/heap.ts";

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
});
