// Static memory planning: offsets for blocks with known lifetimes, largest first, each at the lowest gap that is free for its
// whole life. Pisarchyk and Lee, Efficient Memory Management for Deep Neural Net Inference, arXiv 2001.03288 (greedy by size).

/** Bytes needed from step `first` to step `last`, both included. */
export interface ArenaBlock {
  readonly bytes: number;
  readonly first: number;
  readonly last: number;
}

/** Offsets of the blocks, in their order, and the bytes of the whole arena. */
export function planArena(blocks: readonly ArenaBlock[], alignment: number): { offsets: number[]; bytes: number } {
  const offsets = new Array<number>(blocks.length).fill(0);
  const bySize = blocks.map((_, index) => index).sort((a, b) => blocks[b]!.bytes - blocks[a]!.bytes || a - b);
  const placed: number[] = [];
  let total = 0;
  for (const index of bySize) {
    const block = blocks[index]!;
    const rivals = placed
      .filter((other) => blocks[other]!.first <= block.last && block.first <= blocks[other]!.last)
      .sort((a, b) => offsets[a]! - offsets[b]!);
    let offset = 0;
    for (const other of rivals) {
      if (offset + block.bytes <= offsets[other]!) break;
      offset = Math.max(offset, alignUp(offsets[other]! + blocks[other]!.bytes, alignment));
    }
    offsets[index] = offset;
    placed.push(index);
    total = Math.max(total, offset + block.bytes);
  }
  return { offsets, bytes: alignUp(total, alignment) };
}

/** The next multiple of `alignment`. */
export function alignUp(value: number, alignment: number): number {
  return Math.ceil(value / alignment) * alignment;
}
