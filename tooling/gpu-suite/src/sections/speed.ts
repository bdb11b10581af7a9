// What kernels reach of the device's peak: each beside a plain copy, in turns, which says what the memory gives at that moment. If a copy
// is slow, or its spread wide, the row beside it says nothing.
import type { JsonValue } from "@attune/spec";
import {
  attention,
  type Backend,
  bfloat16,
  float32,
  gradients,
  matmul,
  mul,
  parseDevice,
  reshape,
  rmsNorm,
  type StorageFormat,
  softmax,
  sum,
  type Trace,
  tensorType,
} from "@attune/tensor-core";
import type { Item, Section, SectionContext } from "../section.ts";
import { kernelTimes, makeReady, runsOf, scatteredValues, spreadOf, type TimedProgram } from "./timed-program.ts";
import { withUnrolledLoops } from "./unroll-loops.ts";
import { openVariants, type VariantBackend } from "./variant-backends.ts";

const rounds = { full: 11, quick: 5 };

/** y = x · wᵀ (forward), x · w (the gradient of x) or xᵀ · w (the gradient of a weight), with w in a storage format. */
function product(
  [m, n, k]: readonly [number, number, number],
  format: StorageFormat = float32,
  order: "forward" | "input" | "weight" = "forward",
): TimedProgram {
  const shapes = { forward: [m, k, n, k], input: [m, k, k, n], weight: [k, m, k, n] }[order] as [
    number,
    number,
    number,
    number,
  ];
  const type = tensorType(shapes.slice(2), "f32", format);
  return {
    states: { x: m * k, y: m * n },
    result: "y",
    flops: 2 * m * n * k,
    bytes: 0,
    prepare: (runtime) => runtime.weights.set("w", type, scatteredValues(n * k)),
    record(trace: Trace) {
      const [x, w] = [trace.state("x", tensorType(shapes.slice(0, 2))), trace.weight("w", type)];
      trace.update(
        trace.state("y", tensorType([m, n])),
        matmul(x, w, { transposeA: order === "weight", transposeB: order === "forward" }),
      );
    },
  };
}

/** Causal attention over heads of 64, forward or with its gradients. */
function attentionProgram(tokens: number, heads: number, backward: boolean): TimedProgram {
  const type = tensorType([1, tokens, heads, 64]);
  const count = tokens * heads * 64;
  return {
    states: { q: count, k: count, v: count, o: count },
    result: "o",
    flops: (backward ? 3.5 : 1) * 2 * tokens * tokens * heads * 64,
    bytes: 0,
    record(trace: Trace) {
      const [q, k, v, o] = ["q", "k", "v", "o"].map((part) => trace.state(part, type));
      const made = attention({ q: q!, k: k!, v: v! }, { causal: true });
      if (!backward) return trace.update(o!, made);
      const [dq, dk, dv] = gradients(sum(made), [q!, k!, v!]);
      trace.update(q!, dq!);
      trace.update(k!, dk!);
      trace.update(v!, dv!);
      trace.update(o!, made);
    },
  };
}

/** A pass over rows that memory alone should limit. */
function rowsProgram(
  [rows, columns]: readonly [number, number],
  passes: number,
  record: (trace: Trace) => void,
): TimedProgram {
  return {
    states: { x: rows * columns, y: rows * columns },
    result: "y",
    flops: 0,
    bytes: 4 * passes * rows * columns,
    record,
  };
}

const copy: TimedProgram = {
  states: { from: 2 ** 25, to: 2 ** 25 },
  result: "to",
  flops: 0,
  bytes: 8 * 2 ** 25,
  record(trace: Trace) {
    const type = tensorType([2 ** 25]);
    trace.update(trace.state("to", type), mul(trace.state("from", type), 2));
  },
};

const unary = (trace: Trace, shape: [number, number], make: (x: ReturnType<Trace["state"]>) => typeof x): void =>
  trace.update(trace.state("y", tensorType(shape)), make(trace.state("x", tensorType(shape))));

/** What is timed: everywhere, and only where the variant of products matters. Those of a quick run come first. */
const everywhere: Named = [
  ["2048 cubed", product([2048, 2048, 2048])],
  ["4096 tokens, 576 to 1536", product([4096, 1536, 576])],
  ["4096 cubed", product([4096, 4096, 4096])],
  ["4096 cubed, gradient of x", product([4096, 4096, 4096], float32, "input")],
  ["4096 cubed, gradient of w", product([4096, 4096, 4096], float32, "weight")],
  ["4096 cubed, weight in bf16", product([4096, 4096, 4096], bfloat16)],
  ["4096 tokens, rank 8 of 576", product([4096, 8, 576])],
  ["gradient of rank 8 over 4096 tokens", product([8, 576, 4096], float32, "weight")],
];
const quickOnes = 2;
/** The place of the product that is timed with its loops written out, too. */
const cube = [2, 3] as const;

const onlyPlain: Named = [
  ["attention, 2048 causal tokens, 9 heads of 64", attentionProgram(2048, 9, false)],
  ["attention with gradients, 2048 causal tokens, 9 heads of 64", attentionProgram(2048, 9, true)],
  ["softmax of 4096 rows of 16384", rowsProgram([4096, 16384], 2, (trace) => unary(trace, [4096, 16384], softmax))],
  [
    "RMS norm of 65536 rows of 576",
    rowsProgram([65536, 576], 2, (trace) =>
      unary(trace, [65536, 576], (x) =>
        rmsNorm(x, reshape(trace.input("weight", tensorType([576])), [576]), { epsilon: 1e-5 }),
      ),
    ),
  ],
];

/** Products of one row, where subgroups matter. */
const decoding: Named = [["one token, 4096 to 4096, weight in bf16", product([1, 4096, 4096], bfloat16)]];

/** Times a program beside the copy. */
async function measure({ options }: SectionContext, backend: Backend, timed: TimedProgram): Promise<JsonValue> {
  const [row, control] = [await makeReady(backend, timed), await makeReady(backend, copy)];
  const counts = [await runsOf(row), await runsOf(control)] as const;
  const times: [number[], number[]] = [[], []];
  for (let round = 0; round < (options.quick ? rounds.quick : rounds.full); round++) {
    times[0].push(await row.time(counts[0]));
    times[1].push(await control.time(counts[1]));
  }
  const [own, beside] = [spreadOf(times[0]), spreadOf(times[1])];
  const kernels = await kernelTimes(row);
  await row.runtime.dispose();
  await control.runtime.dispose();
  const half = row.program.plan.dispatches.some(({ kernel }) => kernel.endsWith("subgroup-matrix"));
  const peak = options.peaks === undefined ? undefined : parseDevice(options.peaks);
  const perSecond = 1000 / own.median;
  return {
    milliseconds: own.median,
    spread: own.spread,
    ...(timed.flops > 0
      ? { tflops: (timed.flops * perSecond) / 1e12 }
      : { gigabytesPerSecond: (timed.bytes * perSecond) / 1e9 }),
    ...(peak === undefined
      ? {}
      : {
          share: shareOf(timed, perSecond, half ? (peak.flops.f16 ?? peak.flops.f32) : peak.flops.f32, peak.bandwidth),
        }),
    ...(kernels === undefined ? {} : { kernels }),
    copy: { gigabytesPerSecond: copy.bytes / beside.median / 1e6, spread: beside.spread },
  };
}

function shareOf({ flops, bytes }: TimedProgram, perSecond: number, peak: number, bandwidth: number): number {
  return flops > 0 ? (flops * perSecond) / peak : (bytes * perSecond) / bandwidth;
}

interface Row {
  readonly name: string;
  readonly backend: Backend;
  readonly timed: TimedProgram;
}

type Named = readonly (readonly [string, TimedProgram])[];

/** Programs in each of these variants. */
function inVariants(variants: readonly VariantBackend[], programs: Named): Row[] {
  return variants.flatMap(({ variant, backend }) =>
    programs.map(([name, timed]) => ({ name: `${name}: ${variant}`, backend, timed })),
  );
}

/** All rows, those first that a short time should be spent on. */
function rowsOf(variants: readonly VariantBackend[], quick: boolean): Row[] {
  const [plain] = variants;
  const products = variants.filter(({ variant }) => variant !== "subgroups");
  if (quick) return inVariants(products, everywhere.slice(0, quickOnes));
  const unrolled = [...products, { ...plain!, variant: "attention" }].map(({ variant, backend }) => ({
    variant: `${variant}, loops written out`,
    backend: withUnrolledLoops(backend),
  }));
  return [
    ...inVariants(products, everywhere),
    ...inVariants(unrolled.slice(0, -1), everywhere.slice(...cube)),
    ...inVariants([plain!], onlyPlain),
    ...inVariants(unrolled.slice(-1), onlyPlain.slice(0, 2)),
    ...inVariants(
      variants.filter(({ variant }) => ["plain", "subgroups"].includes(variant)),
      decoding,
    ),
  ];
}

/** The section. */
export const speedSection: Section = {
  name: "speed",
  title: "kernels against the device's peak, variant by variant",
  seconds: 150,
  quickSeconds: 40,
  itemSeconds: 40,
  needsHardware: true,
  async items(context): Promise<readonly Item[]> {
    const { variants } = await openVariants(context);
    return rowsOf(variants, context.options.quick).map(({ name, backend, timed }) => ({
      name,
      run: () => measure(context, backend, timed),
    }));
  },
};
