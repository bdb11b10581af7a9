// Dropout: y = x / (1 - rate) where the element's random word is at least rate · 2^32, else 0. The words are those of
// Philox4x32-10 (Salmon et al., SC 2011) at the counter (element / 4, random[1..3]) under the key (random[0], hash of the stream),
// one vector of four words a counter.
import type { KernelDef } from "@attune/tensor-core";
import { dropoutThreshold, elementCount, hashStream } from "@attune/tensor-core";
import {
  address,
  type FunctionBuilder,
  f32x4,
  i32,
  i32x4,
  i64,
  type Local,
  load,
  type Value,
  v128,
} from "@attune/tensor-core/wasm";
import { cpuKernel, signatureKey } from "./define-kernel.ts";
import { forDynamicVectors, kernelFunction, minimum, simpleCode, storeLanes } from "./kernel-function.ts";

const multipliers = [0xd2511f53, 0xcd9e8d57] as const;
const weyl = [0x9e3779b9, 0xbb67ae85] as const;
const stretch = 16384;

/** High and low words of the product of a word and a constant. */
function multiplyWide(f: FunctionBuilder, word: Value<"i32">, constant: number): [Value<"i32">, Value<"i32">] {
  const product = f.keep(i64.mul(i64.extendU(word), constant));
  return [i32.wrap(i64.shrU(product, 32)), i32.wrap(product)];
}

/** The four words at a counter. */
function philox(f: FunctionBuilder, counter: readonly Value<"i32">[], key: readonly Value<"i32">[]): Local<"v128"> {
  const words = counter.map((word) => f.keep(word));
  const keys = key.map((word) => f.keep(word));
  f.repeat(10, () => {
    const [high0, low0] = multiplyWide(f, words[0]!, multipliers[0]).map((word) => f.keep(word)) as [
      Local<"i32">,
      Local<"i32">,
    ];
    const [high1, low1] = multiplyWide(f, words[2]!, multipliers[1]).map((word) => f.keep(word)) as [
      Local<"i32">,
      Local<"i32">,
    ];
    f.set(words[0]!, i32.xor(i32.xor(high1, words[1]!), keys[0]!));
    f.set(words[2]!, i32.xor(i32.xor(high0, words[3]!), keys[1]!));
    f.set(words[1]!, low1);
    f.set(words[3]!, low0);
    keys.forEach((word, index) => {
      f.increment(word, weyl[index]! | 0);
    });
  });
  return f.keep(
    words
      .slice(1)
      .reduce<Value<"v128">>((vector, word, index) => i32x4.replace(vector, index + 1, word), i32x4.splat(words[0]!)),
  );
}

export const dropoutKernel: KernelDef = cpuKernel({
  op: "dropout",
  lower(signature) {
    const { rate, stream } = signature.attributes as { rate: number; stream: string };
    const count = elementCount(signature.inputs[0]!.shape);
    return simpleCode(signatureKey(signature), Math.ceil(count / stretch), (module) =>
      kernelFunction(module, "dropout", 3, (f, { bindings: [x, random, y], tile }) => {
        const first = f.keep(i32.mul(tile, stretch));
        const here = f.keep(minimum(i32.sub(i32.constant(count), first), i32.constant(stretch)));
        const [seed, step, microBatch, last] = [0, 4, 8, 12].map((offset) => f.keep(load("i32", random!, offset)));
        const key = [seed!, i32.constant(hashStream(stream) | 0)];
        const threshold = f.keep(i32x4.constant(dropoutThreshold(rate) | 0));
        const keep = f.keep(f32x4.constant(1 - rate));
        const counter = f.keep(i32.shrU(first, 2));
        const [source, target] = [x!, y!].map((base) => f.keep(address.at(base, first, 4)));
        forDynamicVectors(f, here, (offset, lanes) => {
          const words = philox(f, [counter, step!, microBatch!, last!], key);
          const kept = i32x4.geU(words, threshold);
          storeLanes(
            f,
            address.add(target!, offset),
            v128.and(f32x4.div(load("v128", address.add(source!, offset)), keep), kept),
            lanes,
          );
          f.increment(counter, 1);
        });
      }),
    );
  },
});
