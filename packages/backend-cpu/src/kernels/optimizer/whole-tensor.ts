// One number from all elements: Σ x² and whether all are finite. Each tile leaves its own; the last phase joins them in order.
import type { KernelDef } from "@attune/tensor-core";
import { elementCount } from "@attune/tensor-core";
import {
  address,
  type FunctionBuilder,
  f32,
  f32x4,
  f64,
  i32,
  type Local,
  load,
  type Value,
} from "@attune/tensor-core/wasm";
import { cpuKernel, signatureKey } from "../define-kernel.ts";
import { forDynamicVectors, kernelFunction, minimum } from "../kernel-function.ts";
import { keepLanes, sumLanes } from "../vector-math.ts";

const stretch = 16384;

interface WholeTensorRule {
  readonly op: string;
  /** What four elements add to a tile's sum; 0 keeps it. */
  readonly term: (f: FunctionBuilder, x: Local<"v128">) => Value<"v128">;
  /** The result from the sum of all. */
  readonly finish: (sum: Value<"f64">) => Value<"f32">;
}

function wholeTensorKernel({ op, term, finish }: WholeTensorRule): KernelDef {
  return cpuKernel({
    op,
    lower(signature) {
      const count = elementCount(signature.inputs[0]!.shape);
      const tiles = Math.ceil(count / stretch);
      return {
        backend: "cpu",
        key: signatureKey(signature),
        tiles: tiles + 1,
        phases: [tiles],
        scratchBytes: 0,
        sharedBytes: 4 * tiles,
        emit: (module) =>
          kernelFunction(module, op, 2, (f, { bindings: [x, y], tile, shared }) => {
            f.if(
              i32.ltU(tile, tiles),
              () => {
                const first = f.keep(i32.mul(tile, stretch));
                const here = f.keep(minimum(i32.sub(i32.constant(count), first), i32.constant(stretch)));
                const base = f.keep(address.at(x!, first, 4));
                const sum = f.keep(f32x4.constant(0));
                forDynamicVectors(f, here, (offset, lanes) => {
                  const value = f.keep(keepLanes(f, load("v128", address.add(base, offset)), lanes, 0));
                  f.set(sum, f32x4.add(sum, term(f, value)));
                });
                f.store("f32", address.at(shared, tile, 4), sumLanes(f, sum));
              },
              () => {
                const total = f.local("f64");
                f.for(0, tiles, 1, (index) => {
                  f.set(total, f64.add(total, f64.promote(load("f32", address.at(shared, index, 4)))));
                });
                f.store("f32", y!, finish(total));
              },
            );
          }),
      };
    },
  });
}

const sumOfSquares = wholeTensorKernel({
  op: "sumOfSquares",
  term: (_, x) => f32x4.mul(x, x),
  finish: (sum) => f32.demote(sum),
});

/** x - x is 0 for finite numbers and NaN for all others, and NaN stays in a sum. */
const allFinite = wholeTensorKernel({
  op: "allFinite",
  term: (_, x) => f32x4.sub(x, x),
  finish: (sum) => f32.convertS(f64.eq(sum, 0)),
});

export const wholeTensorKernels: readonly KernelDef[] = [sumOfSquares, allFinite];
