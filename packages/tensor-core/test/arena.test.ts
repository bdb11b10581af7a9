import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { planArena } from "../src/plan/arena.ts";

describe("planArena", () => {
  it("gives blocks that live one after the other the same bytes", () => {
    const { offsets, bytes } = planArena(
      [
        { bytes: 100, first: 0, last: 1 },
        { bytes: 300, first: 1, last: 2 },
        { bytes: 100, first: 2, last: 3 },
      ],
      64,
    );
    expect(offsets).toEqual([320, 0, 320]);
    expect(bytes).toBe(448);
  });

  it("never overlaps blocks that live together, and aligns every offset", () => {
    const block = fc
      .record({ bytes: fc.integer({ min: 0, max: 5000 }), first: fc.nat(30), life: fc.nat(10) })
      .map(({ bytes, first, life }) => ({ bytes, first, last: first + life }));
    fc.assert(
      fc.property(fc.array(block, { maxLength: 40 }), fc.constantFrom(64, 256), (blocks, alignment) => {
        const { offsets, bytes } = planArena(blocks, alignment);
        blocks.forEach((a, i) => {
          expect(offsets[i]! % alignment).toBe(0);
          expect(offsets[i]! + a.bytes).toBeLessThanOrEqual(bytes);
          blocks.forEach((b, j) => {
            if (i >= j || a.last < b.first || b.last < a.first || a.bytes === 0 || b.bytes === 0) return;
            expect(offsets[i]! + a.bytes <= offsets[j]! || offsets[j]! + b.bytes <= offsets[i]!).toBe(true);
          });
        });
      }),
    );
  });
});
