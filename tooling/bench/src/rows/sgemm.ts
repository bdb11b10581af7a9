import { availableParallelism } from "node:os";
import { type Case, interleave, type Measured } from "../interleave.ts";
import { attuneSubject, peerSubject, pythonSubject, type Row, type RowContext } from "../row.ts";

type Layout = "A·B" | "A·Bᵀ" | "Aᵀ·B";

interface Shape {
  readonly m: number;
  readonly k: number;
  readonly n: number;
  readonly layout: Layout;
  readonly what: string;
}

/** Square products, and those of a training step of SmolLM2-135M on 512 tokens: forward A·Bᵀ, gradients of inputs A·B, of weights Aᵀ·B. */
const shapes: readonly Shape[] = [
  ...(["A·B", "A·Bᵀ", "Aᵀ·B"] as const).map((layout) => ({ m: 1024, k: 1024, n: 1024, layout, what: "square" })),
  { m: 256, k: 256, n: 256, layout: "A·B", what: "square" },
  { m: 2048, k: 2048, n: 2048, layout: "A·B", what: "square" },
  { m: 512, k: 576, n: 1536, layout: "A·Bᵀ", what: "gate" },
  { m: 512, k: 1536, n: 576, layout: "A·Bᵀ", what: "down" },
  { m: 512, k: 576, n: 192, layout: "A·Bᵀ", what: "key" },
  { m: 512, k: 576, n: 8, layout: "A·Bᵀ", what: "LoRA, r = 8" },
  { m: 512, k: 576, n: 8192, layout: "A·Bᵀ", what: "a sixth of the head" },
  { m: 512, k: 1536, n: 576, layout: "A·B", what: "gradient of the input of gate" },
  { m: 1536, k: 512, n: 576, layout: "Aᵀ·B", what: "gradient of the weight of gate" },
];

function casesOf(short: boolean): Case[] {
  const chosen = short ? shapes.filter(({ m, n }) => m <= 1024 && n <= 1536).slice(0, 5) : shapes;
  return chosen.map(({ m, k, n, layout, what }) => ({
    name: `${layout}, ${m} x ${k} x ${n}, ${what}`,
    request: { m, k, n, transposeA: layout === "Aᵀ·B", transposeB: layout === "A·Bᵀ", seconds: short ? 0.1 : 0.4 },
  }));
}

/** Products on so many threads. Peers that have one thread in Node take part in that row only. */
function sgemmRow(threads: number): Row {
  return {
    id: `sgemm-${threads}`,
    title: `f32 matrix products, ${threads} thread${threads > 1 ? "s" : ""}`,
    unit: "GFLOPS",
    minutes: threads === 1 ? 7 : 4,
    rate({ seconds }, request) {
      const { m, k, n } = request as { m: number; k: number; n: number };
      return (2 * m * k * n) / seconds / 1e9;
    },
    run: ({ short }: RowContext): Promise<Measured> =>
      interleave(
        [
          attuneSubject("Attune", "product.ts", { threads, native: false }),
          attuneSubject("Attune again (control)", "product.ts", { threads, native: false }),
          attuneSubject("Attune with a native BLAS", "product.ts", { threads, native: true }),
          attuneSubject("multiply-adds in registers (256 bits, the peak)", "peak.ts", { threads }),
          pythonSubject("PyTorch", "product.py", { threads }),
          peerSubject("onnxruntime-node", "onnxruntime.mjs", { threads }),
          ...(threads === 1
            ? [peerSubject("tfjs-backend-wasm", "tfjs.mjs", {}), peerSubject("jax-js", "jax.mjs", {})]
            : []),
        ],
        { warmup: 1, counted: short ? 2 : 7 },
        casesOf(short),
      ),
  };
}

export const sgemmRows: readonly Row[] = [...new Set([1, Math.min(2, availableParallelism())])].map(sgemmRow);
