import { elementCount, gradients, mul, sum, type Tensor, type Trace } from "@attune/tensor-core";
import { type LeafValues, randomLeaves } from "./random-leaves.ts";
import { randomSize, takeRandomStep } from "./random-steps.ts";

/** What was recorded. */
export interface RandomProgram {
  /** The steps taken and the shapes they led to, for messages. */
  readonly story: string;
  readonly leaves: readonly LeafValues[];
}

/**
 * Records a program of 2 to 7 random steps from a tensor of 1 to 4 axes, its output `y`, and the gradients of a weighted sum of
 * `y` with respect to every f32
 * input. The same seed records the same program.
 */
export function recordRandomProgram(trace: Trace, seed: number): RandomProgram {
  const leaves = randomLeaves(trace, seed);
  let x: Tensor = leaves.floats(randomShape(seed, () => randomSize(leaves)));
  let story = `[${x.shape}]`;
  for (let count = 2 + leaves.random.integer(elementCount(x.shape) > 20_000 ? 2 : 6); count > 0; count--) {
    const [name, y] = takeRandomStep(x, leaves);
    story += ` ${name} [${y.shape}]`;
    x = y;
  }
  trace.output("y", x);
  const loss = sum(mul(x, leaves.floats(x.shape)));
  const wanted = leaves.made.filter(({ wanted }) => wanted);
  gradients(
    loss,
    wanted.map(({ tensor }) => tensor),
  ).forEach((gradient, index) => {
    trace.output(`gradient of ${wanted[index]!.name}`, gradient);
  });
  return { story, leaves: leaves.made };
}

/** Every eleventh program has more rows than a dispatch has workgroups, every thirteenth has no elements. */
function randomShape(seed: number, size: () => number): number[] {
  if (seed % 11 === 0) return [65_537, size() > 16 ? 1 : 2];
  if (seed % 13 === 0) return [size(), 0];
  for (;;) {
    const shape = Array.from({ length: 1 + (seed % 4) }, size);
    if (elementCount(shape) <= 20_000) return shape;
  }
}
