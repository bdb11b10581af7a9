// The end of a linear layer, applied to a block of C while it is in the cache: activation(c + bias) + residual.
import { activationExpression, type ScalarExpression } from "@attune/tensor-core";
import { address, type FunctionBuilder, f32x4, i32, type Local, load, type Value } from "@attune/tensor-core/wasm";
import { createEvaluator } from "../expression.ts";
import { storeLanes } from "../kernel-function.ts";
import type { CBlock, Epilogue } from "./matrix-product.ts";

export interface EpilogueOptions {
  /** Bindings; undefined where there is none. */
  readonly bias: number | undefined;
  readonly residual: number | undefined;
  readonly activation: string;
  readonly output: number;
  /** Columns of C. */
  readonly columns: number;
}

/** The epilogue, undefined where nothing is to be done. */
export function createEpilogue(options: EpilogueOptions): Epilogue | undefined {
  const { bias, residual, activation, output, columns: width } = options;
  if (bias === undefined && residual === undefined && activation === "") return undefined;
  const expression = activationExpression(activation);
  return (f, block) => {
    const { bindings } = block.parameters;
    f.for(0, block.rows, 1, (index) => {
      const element = f.keep(i32.add(i32.mul(i32.add(block.row, index), width), block.column));
      const target = f.keep(address.at(bindings[output]!, element, 4));
      const added = residual === undefined ? undefined : f.keep(address.at(bindings[residual]!, element, 4));
      const biased = bias === undefined ? undefined : f.keep(address.at(bindings[bias]!, block.column, 4));
      forColumns(f, block, width, (offset, lanes) => {
        const at = (base: Local<"address">): Value<"v128"> => load("v128", address.add(base, offset));
        let value: Value<"v128"> = at(target);
        if (biased) value = f32x4.add(value, at(biased));
        if (expression) value = applyExpression(f, expression, value);
        if (added) value = f32x4.add(value, at(added));
        storeLanes(f, address.add(target, offset), value, lanes);
      });
    });
  };
}

/** A scalar expression of one vector. */
export function applyExpression(f: FunctionBuilder, expression: ScalarExpression, value: Value<"v128">): Value<"v128"> {
  const kept = f.keep(value);
  return createEvaluator(f, false, () => kept)(expression);
}

/** Vectors of a row of the block; only the last block of a row can end within a vector. */
function forColumns(
  f: FunctionBuilder,
  block: CBlock,
  width: number,
  body: (offset: Local<"address">, lanes: 1 | 2 | 3 | 4) => void,
): void {
  const offset = f.local("address");
  f.set(offset, 0);
  f.for(0, i32.shrU(block.columns, 2), 1, () => {
    body(offset, 4);
    f.increment(offset, 16);
  });
  const rest = (width % 4) as 0 | 1 | 2 | 3;
  if (rest !== 0) f.if(i32.and(block.columns, 3), () => body(offset, rest));
}
