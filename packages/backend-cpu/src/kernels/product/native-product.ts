// A matrix product by a native library on the backend's own memory. For each slab of B: where B is stored in a format, all threads
// decode it, and after a barrier each tile has the library compute a block of C, which then gets its epilogue while it is in the cache.
import type { CpuKernelCode } from "@attune/tensor-core";
import {
  address,
  type FunctionBuilder,
  i32,
  type Local,
  type ModuleBuilder,
  type Value,
} from "@attune/tensor-core/wasm";
import { gemmImport } from "../../gemm/gemm-import.ts";
import { type KernelParameters, kernelFunction, minimum, rowsPerTile } from "../kernel-function.ts";
import type { ProductOptions } from "./matrix-product.ts";
import type { NativeShape } from "./native-shape.ts";

/** What a native product is made from; A is f32, so nothing decodes it. */
export interface NativeProductOptions extends Omit<ProductOptions, "shape" | "decodeA"> {
  readonly shape: NativeShape;
}

/** The kernel of a product. */
export function nativeProduct(options: NativeProductOptions): CpuKernelCode {
  const { key, shape, bindings } = options;
  const { slabs, slabRows, decodes, decodedColumns } = shape;
  const decoding = decodes ? Math.ceil(slabRows / rowsPerTile(decodedColumns)) : 0;
  const tilesOfSlab = decoding + shape.batch * shape.blocksDown * shape.blocksAcross;
  const phases = Array.from({ length: slabs }, (_, slab) => [slab * tilesOfSlab + decoding, (slab + 1) * tilesOfSlab]);
  return {
    backend: "cpu",
    key,
    tiles: slabs * tilesOfSlab,
    phases: phases.flat().slice(0, -1),
    scratchBytes: 0,
    sharedBytes: decodes ? 4 * slabRows * decodedColumns : 0,
    emit: (module) =>
      kernelFunction(module, "nativeProduct", bindings, (f, parameters) => {
        const slab = f.keep(i32.divU(parameters.tile, tilesOfSlab));
        const tile = f.keep(i32.remU(parameters.tile, tilesOfSlab));
        if (!decodes) return emitBlock(f, module, options, parameters, { slab, block: tile });
        f.if(
          i32.ltU(tile, decoding),
          () => emitDecode(f, options, parameters, { slab, tile }),
          () => emitBlock(f, module, options, parameters, { slab, block: f.keep(i32.sub(tile, decoding)) }),
        );
      }),
  };
}

/** Rows of a slab of B as f32, one after the other; a row is filled up to whole vectors. */
function emitDecode(
  f: FunctionBuilder,
  { shape, componentsOfB, decodeB }: NativeProductOptions,
  { bindings, shared }: KernelParameters,
  { slab, tile }: { readonly slab: Local<"i32">; readonly tile: Local<"i32"> },
): void {
  const { storedRows, storedColumns, slabRows, decodedColumns } = shape;
  const step = rowsPerTile(decodedColumns);
  const first = f.keep(i32.mul(tile, step));
  const inSlab = minimum(i32.constant(slabRows), i32.sub(i32.constant(storedRows), i32.mul(slab, slabRows)));
  const last = f.keep(minimum(i32.add(first, step), inSlab));
  const components = bindings.slice(1, 1 + componentsOfB);
  f.for(first, last, 1, (row) => {
    const element = f.keep(i32.mul(i32.add(i32.mul(slab, slabRows), row), storedColumns));
    const target = f.keep(address.at(shared, row, 4 * decodedColumns));
    f.repeat(decodedColumns / 4, () => {
      f.store("v128", target, decodeB(f, { components, element }));
      f.increment(element, 4);
      f.increment(target, 16);
    });
  });
}

/** One block of C, or one slab's part of its sum over k. */
function emitBlock(
  f: FunctionBuilder,
  module: ModuleBuilder,
  { shape, output, epilogue }: NativeProductOptions,
  parameters: KernelParameters,
  { slab, block }: { readonly slab: Local<"i32">; readonly block: Local<"i32"> },
): void {
  const { m, k, n, transposeA, transposeB, slabRows, slabs, blockRows, blockColumns, blocksDown, blocksAcross } = shape;
  const left = (size: number, from: Value<"i32">, most: number): Local<"i32"> =>
    f.keep(minimum(i32.sub(i32.constant(size), from), i32.constant(most)));
  const batch = f.keep(i32.divU(block, blocksDown * blocksAcross));
  const row = f.keep(i32.mul(i32.remU(i32.divU(block, blocksAcross), blocksDown), blockRows));
  const across = f.keep(i32.mul(i32.remU(block, blocksAcross), blockColumns));
  const firstOfSlab = f.keep(i32.mul(slab, slabRows));
  const column = transposeB ? f.keep(i32.add(firstOfSlab, across)) : across;
  const rows = left(m, row, blockRows);
  const inSlab = transposeB
    ? minimum(i32.constant(blockColumns), i32.sub(i32.constant(slabRows), across))
    : blockColumns;
  const columns = f.keep(
    minimum(i32.sub(i32.constant(n), column), typeof inSlab === "number" ? i32.constant(inSlab) : inSlab),
  );
  const depth = transposeB ? f.keep(i32.constant(k)) : left(k, firstOfSlab, slabRows);
  f.if(i32.gtS(columns, 0), () => {
    const operands = { batch, row, across, column, firstOfSlab };
    const call = (accumulate: boolean): void =>
      f.call(
        module.imported(gemmImport),
        i32.constant(Number(transposeA)),
        i32.constant(Number(transposeB)),
        rows,
        columns,
        depth,
        addressOfA(shape, parameters, operands),
        i32.constant(transposeA ? m : k),
        addressOfB(shape, parameters, operands),
        i32.constant(shape.decodes ? shape.decodedColumns : transposeB ? k : n),
        i32.constant(Number(accumulate)),
        address.at(parameters.bindings[output]!, i32.add(i32.mul(i32.add(i32.mul(batch, m), row), n), column), 4),
        i32.constant(n),
      );
    const finish = (): void =>
      epilogue?.(f, { parameters, row: f.keep(i32.add(i32.mul(batch, m), row)), rows, column, columns });
    if (transposeB || slabs === 1) {
      call(false);
      return finish();
    }
    f.if(
      slab,
      () => call(true),
      () => call(false),
    );
    f.if(i32.eq(slab, slabs - 1), finish);
  });
}

interface BlockPlace {
  readonly batch: Local<"i32">;
  readonly row: Local<"i32">;
  /** First column within the slab, and in C. */
  readonly across: Local<"i32">;
  readonly column: Local<"i32">;
  readonly firstOfSlab: Local<"i32">;
}

function addressOfA(
  { m, k, transposeA, transposeB }: NativeShape,
  { bindings }: KernelParameters,
  { batch, row, firstOfSlab }: BlockPlace,
): Value<"address"> {
  const firstK = transposeB ? i32.constant(0) : firstOfSlab;
  const element = transposeA
    ? i32.add(i32.mul(i32.add(i32.mul(batch, k), firstK), m), row)
    : i32.add(i32.mul(i32.add(i32.mul(batch, m), row), k), firstK);
  return address.at(bindings[0]!, element, 4);
}

function addressOfB(
  { k, n, transposeB, decodes, decodedColumns }: NativeShape,
  { bindings, shared }: KernelParameters,
  { batch, across, column, firstOfSlab }: BlockPlace,
): Value<"address"> {
  if (decodes) return address.at(shared, across, transposeB ? 4 * decodedColumns : 4);
  const element = transposeB
    ? i32.mul(i32.add(i32.mul(batch, n), column), k)
    : i32.add(i32.mul(i32.add(i32.mul(batch, k), firstOfSlab), n), column);
  return address.at(bindings[1]!, element, 4);
}
