// What optimizer kernels share: flat buffers updated in place, cut into tiles; segments say which row of hyper-parameters applies.
import type { KernelDef, Signature } from "@attune/tensor-core";
import {
  address,
  type FunctionBuilder,
  f32,
  i32,
  type Local,
  load,
  type ModuleBuilder,
  type Value,
  type ValueType,
  type WasmFunction,
} from "@attune/tensor-core/wasm";
import { cpuKernel, signatureKey } from "../define-kernel.ts";
import { forDynamicVectors, kernelFunction, maximum, minimum, simpleCode, storeLanes } from "../kernel-function.ts";

type Vector = Value<"v128">;
type Segment = readonly [start: number, length: number, group: number];

/** What a rule reads for four neighbouring elements. */
interface OptimizerCell {
  readonly read: (input: number) => Local<"v128">;
  /** A hyper-parameter in all lanes. */
  readonly hyper: (column: number) => Local<"v128">;
}

/** How an optimizer makes new values of its outputs. */
export interface OptimizerRule {
  /** Number of flat inputs before the table of hyper-parameters. */
  readonly flat: number;
  /** The input that each output continues. */
  readonly continued: readonly number[];
  readonly update: (f: FunctionBuilder, cell: OptimizerCell) => readonly Vector[];
}

/** Elements of one tile. */
const stretch = 16384;

/** Runs a rule over all segments. Elements of no segment, and all of them where apply is 0, keep their values. */
export function optimizerKernel(op: string, ruleOf: (signature: Signature) => OptimizerRule): KernelDef {
  return cpuKernel({
    op,
    lower(signature) {
      const rule = ruleOf(signature);
      const { flat, continued } = rule;
      const count = signature.inputs[0]!.shape[0]!;
      const segments = joinSegments(signature.attributes["segments"] as unknown as readonly Segment[]);
      return simpleCode(signatureKey(signature), Math.ceil(count / stretch), (module) => {
        const run = updateFunction(module, op, rule);
        return kernelFunction(module, op, flat + 2 + continued.length, (f, { bindings, tile }) => {
          const first = f.keep(i32.mul(tile, stretch));
          const last = f.keep(minimum(i32.add(first, stretch), i32.constant(count)));
          const outputs = bindings.slice(flat + 2);
          for (const [output, input] of continued.entries())
            copyUnlessInPlace(f, bindings[input]!, outputs[output]!, first, last);
          f.if(f32.ne(load("f32", bindings[flat + 1]!), 0), () => {
            for (const [start, length, group] of segments) {
              const from = f.keep(maximum(first, i32.constant(start)));
              const to = f.keep(minimum(last, i32.constant(start + length)));
              f.if(i32.ltS(from, to), () => {
                const places = [...bindings.slice(0, flat), ...outputs].map((base) => address.at(base, from, 4));
                f.call(run, i32.sub(to, from), address.add(bindings[flat]!, 32 * group), ...places);
              });
            }
          });
        });
      });
    },
  });
}

/** `(count, hyper-parameters, address of each flat input, of each output)`: the rule over neighbouring elements. */
function updateFunction(module: ModuleBuilder, op: string, { flat, continued, update }: OptimizerRule): WasmFunction {
  const addresses = Array.from({ length: 1 + flat + continued.length }, () => "address" as const);
  const parameters: readonly ValueType[] = ["i32", ...addresses];
  const made = module.function({ name: `${op}Rule`, parameters }, (f, count, table, ...bases) => {
    const columns = new Map<number, Local<"v128">>();
    const at = bases as readonly Local<"address">[];
    const hyper = (column: number): Local<"v128"> => {
      if (!columns.has(column)) columns.set(column, f.keep(load("splat32", table as Local<"address">, 4 * column)));
      return columns.get(column)!;
    };
    for (let column = 0; column < 8; column++) hyper(column);
    forDynamicVectors(f, count as Local<"i32">, (offset, lanes) => {
      const values = update(f, { hyper, read: (input) => f.keep(load("v128", address.add(at[input]!, offset))) }).map(
        (value) => f.keep(value),
      );
      for (const [output, value] of values.entries())
        storeLanes(f, address.add(at[flat + output]!, offset), value, lanes);
    });
  });
  return made as WasmFunction;
}

/** Segments in order, neighbours of one group joined. */
function joinSegments(segments: readonly Segment[]): Segment[] {
  const joined: [number, number, number][] = [];
  for (const [start, length, group] of [...segments].sort((left, right) => left[0] - right[0])) {
    const last = joined.at(-1);
    if (last && last[0] + last[1] === start && last[2] === group) last[1] += length;
    else if (length > 0) joined.push([start, length, group]);
  }
  return joined;
}

function copyUnlessInPlace(
  f: FunctionBuilder,
  from: Local<"address">,
  to: Local<"address">,
  first: Local<"i32">,
  last: Local<"i32">,
): void {
  const copy = (): void => {
    const bytes = address.at(address.constant(0), i32.sub(last, first), 4);
    f.copyBytes(address.at(to, first, 4), address.at(from, first, 4), bytes);
  };
  f.if(address.ltU(from, to), copy);
  f.if(address.ltU(to, from), copy);
}
