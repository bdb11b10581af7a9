// Linear layers of one to four rows, as in decoding: each weight is used so little that reading it is all the work. Weights [N, K] are
// read from front to back, which is what processors fetch ahead best, in pairs of runs that V8 can fuse to 256 bits.
import {
  activationExpression,
  type CpuDecoder,
  type CpuRunContext,
  type CpuRunDecoder,
  type KernelDef,
  type StorageFormat,
} from "@attune/tensor-core";
import { address, type FunctionBuilder, f32x4, i32, type Local, load, type Value } from "@attune/tensor-core/wasm";
import { cpuKernel, signatureKey } from "../define-kernel.ts";
import { kernelFunction, type Lanes, maximum, minimum, storeLanes } from "../kernel-function.ts";
import { keepLanes } from "../vector-math.ts";
import { applyExpression } from "./epilogue.ts";
import { copyOperand, type FewRowsOperand, layOutOperand } from "./few-rows-operand.ts";
import { acceptsFormats, type LinearAttributes, linearExtent } from "./linear.ts";
import { transpose4 } from "./pack.ts";
import { roundUp } from "./product-shape.ts";

type Vector = Value<"v128">;
type Address = Local<"address">;

/** Rows up to which reading the weights is most of the work. */
const mostRows = 4;

/** Weights that one tile reads at least, in elements: some microseconds. */
const fewestElements = 32768;

/** Columns of a tile, a multiple of 16: enough that ordering the left operand is little beside them, and parts for many threads. */
function columnsPerTile(k: number, n: number): number {
  return roundUp(Math.max(fewestElements / k, Math.min(256, n / 16)), 16);
}

interface FewRows {
  readonly m: number;
  readonly k: number;
  readonly n: number;
  readonly runs: CpuRunDecoder;
  /** Pairs of runs of a row; elements from `pairs · 2 · length` on are decoded four at a time. */
  readonly pairs: number;
  readonly decode: CpuDecoder;
  readonly operand: FewRowsOperand;
  /** Sums that are kept apart, so that none waits for the one before: pairs of runs go to them in turn. */
  readonly chains: number;
}

interface Places {
  readonly components: readonly Address[];
  /** The left operand as it was given. */
  readonly left: Address;
  /** The left operand in the order of runs. */
  readonly ordered: Address;
  /** Sums of four columns: for each column, chain and row eight lanes. */
  readonly sums: Address;
}

/** Chains of multiply-adds that hide how long one takes. */
const wantedChains = 4;

/** Runs by a snippet of four, for formats that bring none. */
function runsOf({ decoders }: StorageFormat): CpuRunDecoder {
  const decode = decoders.cpu!;
  return (
    decoders.cpuRuns ?? {
      length: 4,
      order: [0, 1, 2, 3],
      exponents: [0],
      decode: (f, { components, element, offset }) => [
        decode(f, { components, element: f.keep(i32.add(element, offset)) }),
      ],
    }
  );
}

/** The sums of one column over the pairs of runs, stored from `target` on. */
function emitSums(
  f: FunctionBuilder,
  options: FewRows,
  { components, ordered }: Places,
  column: Local<"i32">,
  target: Address,
): void {
  const { m, k, runs, pairs, operand, chains } = options;
  const sums = Array.from({ length: chains }, () =>
    Array.from({ length: m }, () => keepPair(f, () => f32x4.constant(0))),
  );
  const element = f.keep(i32.mul(column, k));
  const cursor = f.keep(ordered);
  const step = (count: number): void => {
    const address = runAddresses(f, components, element);
    for (const [chain, sum] of sums.slice(0, count).entries()) {
      const place = { components, element, address, offset: 2 * chain * runs.length };
      emitPair(f, options, place, { cursor, offset: chain * operand.pairBytes }, sum);
    }
  };
  if (pairs >= chains) {
    f.repeat(Math.floor(pairs / chains), () => {
      step(chains);
      f.increment(cursor, chains * operand.pairBytes);
      f.increment(element, 2 * chains * runs.length);
    });
  }
  step(pairs % chains);
  for (const [place, sum] of sums.flat().entries())
    for (const half of halves) f.store("v128", target, sum[half], 32 * place + 16 * half);
}

const halves = [0, 1] as const;
type Pair = readonly [Local<"v128">, Local<"v128">];

function keepPair(f: FunctionBuilder, make: (half: 0 | 1) => Vector): Pair {
  return [f.keep(make(0)), f.keep(make(1))];
}

/** Addresses that depend on an element, each computed once where it is first asked for. */
function runAddresses(
  f: FunctionBuilder,
  components: readonly Address[],
  element: Local<"i32">,
): CpuRunContext["address"] {
  const known = new Map<string, Address>();
  return (component, bits) => {
    const key = `${component} ${bits}`;
    const index = bits < 8 ? i32.shrU(element, Math.log2(8 / bits)) : element;
    const found = known.get(key) ?? f.keep(address.at(components[component]!, index, Math.max(1, bits / 8)));
    known.set(key, found);
    return found;
  };
}

/** Multiplies a pair of runs by every row and adds to the rows' sums. */
function emitPair(
  f: FunctionBuilder,
  { m, runs, operand }: FewRows,
  place: CpuRunContext,
  left: { readonly cursor: Address; readonly offset: number },
  sums: readonly Pair[],
): void {
  const { length, exponents, shift = 0, decode, pairFactor } = runs;
  const rows = Array.from({ length: m }, (_, row) => row);
  const leftPair = (row: number, vector: number): Pair =>
    keepPair(f, (half) => load("v128", left.cursor, row * operand.rowBytes + left.offset + 32 * vector + 16 * half));
  const add = (to: Pair, values: Pair, factor: (half: 0 | 1) => Vector): void => {
    for (const half of halves) f.set(to[half], f32x4.madd(values[half], factor(half), to[half]));
  };
  const decoded = halves.map((half) => decode(f, { ...place, offset: place.offset + half * length }));
  const shifted = (row: number): Pair =>
    shift === 0 ? keepPair(f, () => f32x4.constant(0)) : leftPair(row, exponents.length);
  const totals = pairFactor ? rows.map(shifted) : sums;
  if (shift !== 0 && !pairFactor) for (const row of rows) add(sums[row]!, shifted(row), () => f32x4.constant(1));
  for (const vector of exponents.keys()) {
    const right = keepPair(f, (half) => decoded[half]![vector]!);
    for (const row of rows) add(totals[row]!, leftPair(row, vector), (half) => right[half]);
  }
  if (pairFactor === undefined) return;
  const factor = f.keep(pairFactor(f, place));
  for (const row of rows) add(sums[row]!, totals[row]!, () => factor);
}

/** Four outputs of a row from the sums of their columns, of which `lanes` are there, and what is left of k. */
function joinSums(
  f: FunctionBuilder,
  { m, k, runs, pairs, decode, chains }: FewRows,
  { components, left, sums }: Places,
  column: Local<"i32">,
  row: number,
  lanes: Lanes,
): Vector {
  const columns = Array.from({ length: lanes }, (_, index) => {
    const parts = Array.from({ length: chains }, (_item, chain) => 32 * ((index * chains + chain) * m + row)).flatMap(
      (place) => [load("v128", sums, place), load("v128", sums, place + 16)],
    );
    let sum = parts.reduce((total, part) => f32x4.add(total, part));
    const first = f.keep(i32.mul(i32.add(column, index), k));
    if (runs.rowFactor) sum = f32x4.mul(sum, runs.rowFactor(f, { components, element: first }));
    for (let at = 2 * runs.length * pairs; at < k; at += 4) {
      const count = Math.min(4, k - at) as Lanes;
      const element = f.keep(i32.add(first, at));
      const right = keepLanes(f, decode(f, { components, element }), count, 0);
      sum = f32x4.madd(keepLanes(f, load("v128", left, 4 * (row * k + at)), count, 0), right, f.keep(sum));
    }
    return f.keep(sum);
  });
  const nothing = f.hoisted(f32x4.constant(0));
  const [first, second, third, fourth] = transpose4(
    f,
    [0, 1, 2, 3].map((lane) => columns[lane] ?? nothing),
  ) as [Vector, Vector, Vector, Vector];
  return f32x4.add(f32x4.add(first, third), f32x4.add(second, fourth));
}

export const fewRowsKernel: KernelDef = cpuKernel({
  op: "linear",
  variant: "few-rows",
  accepts(signature) {
    const { m, k, transposeA, transposeB } = linearExtent(signature);
    const fits = !transposeA && transposeB && m > 0 && m <= mostRows && k > 0;
    return fits && acceptsFormats(signature) ? 1 : undefined;
  },
  lower(signature) {
    const { m, k, n } = linearExtent(signature);
    const { bias, residual, activation } = signature.attributes as unknown as LinearAttributes;
    const { format, shape } = signature.inputs[1]!;
    const afterB = 1 + format.components(shape).length;
    const output = afterB + Number(bias) + Number(residual);
    const step = columnsPerTile(k, n);
    const runs = runsOf(format);
    const pairs = Math.floor(k / (2 * runs.length));
    const operand = layOutOperand(runs, k, pairs);
    const chains = Math.floor(wantedChains / m);
    const options: FewRows = { m, k, n, runs, pairs, decode: format.decoders.cpu!, operand, chains };
    const columnBytes = 32 * chains * m;
    const orderedBytes = operand.copied ? m * operand.rowBytes : 0;
    return {
      backend: "cpu",
      key: signatureKey(signature, ".few-rows"),
      tiles: Math.ceil(n / step),
      scratchBytes: orderedBytes + 4 * columnBytes,
      emit: (module) =>
        kernelFunction(module, "fewRows", output + 1, (f, { bindings, tile, scratch }) => {
          const left = bindings[0]!;
          const places: Places = {
            components: bindings.slice(1, afterB),
            left,
            ordered: operand.copied ? scratch : left,
            sums: f.keep(address.add(scratch, orderedBytes)),
          };
          for (let row = 0; operand.copied && row < m; row++) {
            const [source, target] = [address.add(left, 4 * row * k), address.add(scratch, row * operand.rowBytes)];
            if (pairs > 0) copyOperand(f, runs, pairs, f.keep(source), f.keep(target));
          }
          const place = (binding: number, row: number, column: Local<"i32">): Address =>
            f.keep(address.add(address.at(bindings[binding]!, column, 4), 4 * row * n));
          const finish = (row: number, column: Local<"i32">, lanes: Lanes): void => {
            let value = joinSums(f, options, places, column, row, lanes);
            if (bias) value = f32x4.add(value, load("v128", place(afterB, 0, column)));
            if (activation !== "") value = applyExpression(f, activationExpression(activation)!, value);
            if (residual) value = f32x4.add(value, load("v128", place(output - 1, row, column)));
            storeLanes(f, place(output, row, column), value, lanes);
          };
          const emitColumns = (column: Local<"i32">, lanes: Lanes): void => {
            f.for(0, lanes, 1, (index) => {
              const target = f.keep(address.at(places.sums, index, columnBytes));
              emitSums(f, options, places, f.keep(i32.add(column, index)), target);
            });
            for (let row = 0; row < m; row++) finish(row, column, lanes);
          };
          const first = f.keep(i32.mul(tile, step));
          const last = f.keep(minimum(i32.add(first, step), i32.constant(n)));
          const whole = f.keep(i32.and(last, -4));
          f.for(first, whole, 4, (column) => emitColumns(column, 4));
          if (n % 4 !== 0)
            f.if(i32.ltS(whole, last), () => emitColumns(f.keep(maximum(first, whole)), (n % 4) as Lanes));
        }),
    };
  },
});
