// Rotary position embedding: the pair (a, b) of each head turns by the angle of its token's position,
//   a' = a cos - b sin, b' = b cos + a sin. Half-split pairs go four at a time, interleaved ones by lanes.
import type { KernelDef } from "@attune/tensor-core";
import { address, type FunctionBuilder, f32, f32x4, type Local, load } from "@attune/tensor-core/wasm";
import { cpuKernel, signatureKey } from "../define-kernel.ts";
import { forVectors } from "../for-vectors.ts";
import { forRowsOfTile, kernelFunction, rowAddress, rowTiles, simpleCode } from "../kernel-function.ts";

interface Turn {
  readonly source: Local<"address">;
  readonly target: Local<"address">;
  readonly cosines: Local<"address">;
  readonly sines: Local<"address">;
  readonly half: number;
  readonly inverse: boolean;
}

function turnHalves(f: FunctionBuilder, { source, target, cosines, sines, half, inverse }: Turn): void {
  forVectors(f, half, (at) => {
    const [a, b, cosine, sine] = [at.load(source), at.load(source, 4 * half), at.load(cosines), at.load(sines)];
    const product = [f32x4.mul(a, cosine), f32x4.mul(b, cosine)] as const;
    const first = inverse ? f32x4.madd(b, sine, product[0]) : f32x4.nmadd(b, sine, product[0]);
    const second = inverse ? f32x4.nmadd(a, sine, product[1]) : f32x4.madd(a, sine, product[1]);
    at.store(target, first);
    at.store(target, second, 4 * half);
  });
}

function turnNeighbours(f: FunctionBuilder, { source, target, cosines, sines, half, inverse }: Turn): void {
  f.for(0, half, 1, (pair) => {
    const from = f.keep(address.at(source, pair, 8));
    const to = f.keep(address.at(target, pair, 8));
    const [a, b] = [f.keep(load("f32", from)), f.keep(load("f32", from, 4))];
    const cosine = f.keep(load("f32", address.at(cosines, pair, 4)));
    const given = load("f32", address.at(sines, pair, 4));
    const sine = f.keep(inverse ? f32.neg(given) : given);
    f.store("f32", to, f32.sub(f32.mul(a, cosine), f32.mul(b, sine)));
    f.store("f32", to, f32.add(f32.mul(b, cosine), f32.mul(a, sine)), 4);
  });
}

export const ropeKernel: KernelDef = cpuKernel({
  op: "rope",
  lower(signature) {
    const [batch, length, heads, width] = signature.inputs[0]!.shape as [number, number, number, number];
    const half = signature.inputs[2]!.shape[1]!;
    const { interleaved, inverse } = signature.attributes as { interleaved: boolean; inverse: boolean };
    const tokens = batch * length;
    const columns = heads * width;
    return simpleCode(signatureKey(signature), rowTiles(tokens, columns), (module) =>
      kernelFunction(module, "rope", 5, (f, { bindings: [x, positions, cosTable, sinTable, y], tile }) => {
        forRowsOfTile(f, tile, tokens, columns, (token) => {
          const position = f.keep(load("i32", address.at(positions!, token, 4)));
          const cosines = rowAddress(f, cosTable!, position, 4 * half);
          const sines = rowAddress(f, sinTable!, position, 4 * half);
          const source = rowAddress(f, x!, token, 4 * columns);
          const target = rowAddress(f, y!, token, 4 * columns);
          f.for(0, heads, 1, () => {
            const turn = { source, target, cosines, sines, half, inverse };
            if (half > 0) (interleaved ? turnNeighbours : turnHalves)(f, turn);
            if (2 * half < width) {
              const [from, to] = [source, target].map((base) => f.keep(address.add(base, 8 * half)));
              f.copyBytes(to!, from!, address.constant(4 * (width - 2 * half)));
            }
            f.increment(source, 4 * width);
            f.increment(target, 4 * width);
          });
        });
      }),
    );
  },
});
