// The rules of AdamW and SGD, each for four elements, in the order of torch.optim.
import type { KernelDef } from "@attune/tensor-core";
import { f32x4, v128 } from "@attune/tensor-core/wasm";
import { optimizerKernel } from "./optimizer-kernel.ts";

/** m' = β1 m + (1 - β1) g;  v' = β2 v + (1 - β2) g²;  p' = p (1 - η λ) - η (m' / c1) / (√(v' / c2) + ε) */
const adamw: KernelDef = optimizerKernel("adamw", () => ({
  flat: 4,
  continued: [0, 2, 3],
  update(f, { read, hyper }) {
    const [rate, beta1, beta2, epsilon, decay, c1, c2, scale] = [0, 1, 2, 3, 4, 5, 6, 7].map(hyper);
    const one = f.hoisted(f32x4.constant(1));
    const g = f.keep(f32x4.mul(read(1), scale!));
    const m = f.keep(f32x4.add(f32x4.mul(read(2), beta1!), f32x4.mul(f32x4.sub(one, beta1!), g)));
    const v = f.keep(f32x4.add(f32x4.mul(read(3), beta2!), f32x4.mul(f32x4.sub(one, beta2!), f32x4.mul(g, g))));
    const denominator = f32x4.add(f32x4.sqrt(f32x4.div(v, c2!)), epsilon!);
    const step = f32x4.div(f32x4.div(m, c1!), denominator);
    const kept = f32x4.mul(read(0), f32x4.sub(one, f32x4.mul(rate!, decay!)));
    return [f32x4.sub(kept, f32x4.mul(rate!, step)), m, v];
  },
}));

/** g += λ p;  b' = g at the first step, else μ b + (1 - τ) g;  d = g + μ b' (Nesterov) or b', or g where μ = 0;  p' = p - η d */
const sgd: KernelDef = optimizerKernel("sgd", ({ attributes }) => ({
  flat: 3,
  continued: [0, 2],
  update(f, { read, hyper }) {
    const [rate, mu, tau, decay, first, , , scale] = [0, 1, 2, 3, 4, 5, 6, 7].map(hyper);
    const zero = f.hoisted(f32x4.constant(0));
    const p = read(0);
    const old = read(2);
    const g = f.keep(f32x4.add(f32x4.mul(read(1), scale!), f32x4.mul(decay!, p)));
    const damped = f32x4.mul(f32x4.sub(f.hoisted(f32x4.constant(1)), tau!), g);
    const later = f32x4.add(f32x4.mul(mu!, old), damped);
    const buffer = f.keep(v128.bitselect(g, later, f32x4.ne(first!, zero)));
    const withMomentum = attributes["nesterov"] ? f32x4.add(g, f32x4.mul(mu!, buffer)) : buffer;
    const moves = f.keep(f32x4.ne(mu!, zero));
    const direction = v128.bitselect(withMomentum, g, moves);
    return [f32x4.sub(p, f32x4.mul(rate!, direction)), v128.bitselect(buffer, old, moves)];
  },
}));

export const optimizerKernels: readonly KernelDef[] = [adamw, sgd];
