// The self-test of a product variant: both orders of both operands, whole and ragged tiles, with integers up to 15, which f16 holds
// exactly. Sums are some 11,000: f32 holds each of them in any order, and f16, which has every integer up to 2,048 only, does not.
import {
  type Backend,
  batchedMatmul,
  createRuntime,
  type HostValues,
  linearOp,
  type OpDef,
  type Program,
  type Trace,
  tensorType,
} from "@attune/tensor-core";

/** A matrix product of the test, `a` and `b` as they are stored. */
interface TestProduct {
  readonly name: string;
  readonly batches: number;
  readonly m: number;
  readonly n: number;
  readonly k: number;
  readonly transposeA: boolean;
  readonly transposeB: boolean;
}

/** Enough tiles of 64 x 64 in each for the kernels of large products. */
const products: readonly TestProduct[] = [
  { name: "forward", batches: 1, m: 200, n: 210, k: 202, transposeA: false, transposeB: true },
  { name: "input", batches: 1, m: 200, n: 202, k: 210, transposeA: false, transposeB: false },
  { name: "weight", batches: 1, m: 210, n: 204, k: 200, transposeA: true, transposeB: false },
  { name: "batched", batches: 16, m: 40, n: 36, k: 24, transposeA: false, transposeB: false },
];

function integers(count: number, step: number): Float32Array {
  return Float32Array.from({ length: count }, (_, index) => (index * step + (index >> 4)) % 16);
}

/** What of a result is not what integers give, undefined where all is: how many elements, and which is the first. */
function wrongElements(
  product: TestProduct,
  a: Float32Array,
  b: Float32Array,
  found: ArrayLike<number>,
): string | undefined {
  const { name, batches, m, n, k, transposeA, transposeB } = product;
  let wrong = 0;
  let first = "";
  for (let batch = 0; batch < batches; batch++) {
    for (let row = 0; row < m; row++) {
      for (let column = 0; column < n; column++) {
        let sum = 0;
        for (let inner = 0; inner < k; inner++) {
          const left = transposeA ? inner * m + row : row * k + inner;
          const right = transposeB ? column * k + inner : inner * n + column;
          sum += a[batch * m * k + left]! * b[batch * k * n + right]!;
        }
        const got = found[(batch * m + row) * n + column];
        if (got === sum) continue;
        if (wrong === 0) first = `${got} instead of ${sum} in row ${row}, column ${column}`;
        wrong++;
      }
    }
  }
  return wrong === 0 ? undefined : `${wrong} elements of its test product "${name}" came out wrong, the first ${first}`;
}

/** Runs a program once; the backend stays open. */
async function runOnce(
  backend: Backend,
  record: (trace: Trace) => void,
  inputs: Readonly<Record<string, Float32Array>>,
): Promise<{ readonly program: Program; readonly outputs: Readonly<Record<string, HostValues>> }> {
  const runtime = createRuntime({ backend: { ...backend, dispose: async () => undefined } });
  try {
    const program = await runtime.compile(record);
    return { program, outputs: await program.run(inputs) };
  } finally {
    await runtime.dispose();
  }
}

/** Records the test's products, each an output of its name. */
function recordProducts(trace: Trace): void {
  for (const { name, batches, m, n, k, transposeA, transposeB } of products) {
    const shapes = [transposeA ? [k, m] : [m, k], transposeB ? [n, k] : [k, n]];
    const [a, b] = shapes.map((shape, index) =>
      trace.input(`${name}.${index}`, tensorType(batches === 1 ? shape : [batches, ...shape])),
    );
    const attributes = { transposeA, transposeB, bias: false, residual: false, activation: "" };
    const made =
      batches === 1 ? trace.apply(linearOp as unknown as OpDef, [a!, b!], attributes)[0]! : batchedMatmul(a!, b!);
    trace.output(name, made);
  }
}

/**
 * Multiplies with the kernels that a backend's capabilities choose.
 *
 * @param variant - last part of the kernels' id, such as `tiled-f16`
 * @returns what is wrong, undefined where nothing is
 */
export async function findWrongProducts(backend: Backend, variant: string): Promise<string | undefined> {
  const operands = products.map(({ batches, m, n, k }) => [
    integers(batches * m * k, 7),
    integers(batches * k * n, 11),
  ]);
  const inputs = products.flatMap(({ name }, product) =>
    operands[product]!.map((values, index) => [`${name}.${index}`, values] as const),
  );
  const { program, outputs } = await runOnce(backend, recordProducts, Object.fromEntries(inputs));
  const other = program.plan.dispatches.find(({ kernel }) => !kernel.endsWith(`.${variant}`));
  if (other !== undefined) return `the kernel ${other.kernel} came in place of ${variant}`;
  return products
    .map((product, index) => wrongElements(product, operands[index]![0]!, operands[index]![1]!, outputs[product.name]!))
    .find((sentence) => sentence !== undefined);
}

/**
 * Whether an operand that f16 does not hold comes out finite: clamped, it would be an error that nobody sees, and training could not know
 * that its gradient overflowed.
 */
export async function hidesOverflow(backend: Backend): Promise<boolean> {
  const type = tensorType([16, 64, 64]);
  const ones = new Float32Array(16 * 64 * 64).fill(1);
  const record = (trace: Trace): void =>
    trace.output("y", batchedMatmul(trace.input("a", type), trace.input("b", type)));
  const { outputs } = await runOnce(backend, record, { a: ones.with(0, 70_000), b: ones });
  return Number.isFinite(outputs["y"]![0]);
}
