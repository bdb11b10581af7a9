import { f32x4 } from "@attune/tensor-core/wasm";
import { instantiateAlone } from "./instantiate-alone.ts";

/**
 * Whether a relaxed multiply-add rounds once here, as on processors with FMA; elsewhere V8 computes it in two roundings. It is part of
 * a run's numerics class: (1 + ε)² - 1 - 2ε is ε² if it was fused, and 0 if the product was rounded first.
 */
export function fusesMultiplyAdd(): boolean {
  const epsilon = 2 ** -13;
  const exports = instantiateAlone((module) => {
    module.function({ name: "run", parameters: ["f32"], result: "f32", exported: true }, (f, x) => {
      const factor = f.keep(f32x4.splat(x));
      return f32x4.extract(f32x4.madd(factor, factor, f32x4.constant(-1 - 2 * epsilon)), 0);
    });
  });
  return (exports["run"] as (x: number) => number)(1 + epsilon) !== 0;
}
