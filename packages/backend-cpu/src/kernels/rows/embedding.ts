// Rows of tables by number: embedding in any storage format and its gradient, gatherRows and scatterRows.
import type { CpuKernelCode, KernelDef } from "@attune/tensor-core";
import { elementCount } from "@attune/tensor-core";
import { address, f32x4, i32, load } from "@attune/tensor-core/wasm";
import { cpuKernel, signatureKey } from "../define-kernel.ts";
import {
  forRowsOfTile,
  kernelFunction,
  minimum,
  rowAddress,
  rowTiles,
  simpleCode,
  storeLanes,
} from "../kernel-function.ts";
import { mapRow } from "./row-loops.ts";

const embedding: KernelDef = cpuKernel({
  op: "embedding",
  accepts: ({ inputs }) => (inputs[1]!.format.decoders.cpu ? 1 : undefined),
  lower(signature) {
    const [ids, table] = signature.inputs;
    const [rows, width] = table!.shape as [number, number];
    const count = elementCount(ids!.shape);
    const decode = table!.format.decoders.cpu!;
    const componentCount = table!.format.components(table!.shape).length;
    return simpleCode(signatureKey(signature), width === 0 ? 0 : rowTiles(count, width), (module) =>
      kernelFunction(module, "embedding", componentCount + 2, (f, { bindings, tile }) => {
        const components = bindings.slice(1, -1);
        forRowsOfTile(f, tile, count, width, (index) => {
          const id = f.keep(load("i32", address.at(bindings[0]!, index, 4)));
          const target = rowAddress(f, bindings.at(-1)!, index, 4 * width);
          f.if(
            i32.ltU(id, rows),
            () => {
              const element = f.keep(i32.mul(id, width));
              const cursor = f.keep(target);
              const copy = (lanes: 1 | 2 | 3 | 4): void =>
                storeLanes(f, cursor, decode(f, { components, element }), lanes);
              if (width >= 4) {
                f.repeat(Math.floor(width / 4), () => {
                  copy(4);
                  f.increment(element, 4);
                  f.increment(cursor, 16);
                });
              }
              if (width % 4 !== 0) copy((width % 4) as 1 | 2 | 3);
            },
            () => f.fillBytes(target, 0, address.constant(4 * width)),
          );
        });
      }),
    );
  },
});

/** Tiles of the gradient of a table: each goes through all ids and keeps to its own rows. */
const gradientTiles = 16;

const embeddingBackward: KernelDef = cpuKernel({
  op: "embeddingBackward",
  lower(signature) {
    const count = elementCount(signature.inputs[0]!.shape);
    const [rows, width] = signature.outputs[0]!.shape as [number, number];
    const step = Math.max(1, Math.ceil(rows / gradientTiles));
    return simpleCode(signatureKey(signature), Math.ceil(rows / step), (module) =>
      kernelFunction(module, "embeddingBackward", 3, (f, { bindings: [ids, dy, gradient], tile }) => {
        const first = f.keep(i32.mul(tile, step));
        const mine = f.keep(minimum(i32.sub(i32.constant(rows), first), i32.constant(step)));
        const base = rowAddress(f, gradient!, first, 4 * width);
        f.fillBytes(base, 0, address.at(address.constant(0), mine, 4 * width));
        f.for(0, count, 1, (index) => {
          const row = f.keep(i32.sub(load("i32", address.at(ids!, index, 4)), first));
          f.if(i32.ltU(row, mine), () => {
            const source = rowAddress(f, dy!, index, 4 * width);
            const target = rowAddress(f, base, row, 4 * width);
            mapRow(f, target, width, (read) => f32x4.add(read(target), read(source)));
          });
        });
      }),
    );
  },
});

const gatherRows: KernelDef = cpuKernel({
  op: "gatherRows",
  lower(signature) {
    const [count, ...inner] = signature.inputs[0]!.shape as [number, ...number[]];
    const wanted = signature.inputs[1]!.shape[0]!;
    const bytes = 4 * elementCount(inner);
    return simpleCode(signatureKey(signature), rowTiles(wanted, bytes / 4), (module) =>
      kernelFunction(module, "gatherRows", 3, (f, { bindings: [x, rows, y], tile }) => {
        forRowsOfTile(f, tile, wanted, bytes / 4, (index) => {
          const row = f.keep(load("i32", address.at(rows!, index, 4)));
          const target = rowAddress(f, y!, index, bytes);
          f.if(
            i32.ltU(row, count),
            () => f.copyBytes(target, address.at(x!, row, bytes), address.constant(bytes)),
            () => f.fillBytes(target, 0, address.constant(bytes)),
          );
        });
      }),
    );
  },
});

/** Bytes that one tile copies where x is not replaced in place. */
const copyBytes = 1 << 16;

const scatterRows: KernelDef = cpuKernel({
  op: "scatterRows",
  lower(signature): CpuKernelCode {
    const [count, ...inner] = signature.inputs[0]!.shape as [number, ...number[]];
    const given = signature.inputs[1]!.shape[0]!;
    const bytes = 4 * elementCount(inner);
    const copies = Math.ceil((count * bytes) / copyBytes);
    return {
      backend: "cpu",
      key: signatureKey(signature),
      tiles: copies + rowTiles(given, bytes / 4),
      phases: [copies],
      scratchBytes: 0,
      emit: (module) =>
        kernelFunction(module, "scatterRows", 4, (f, { bindings: [x, rows, values, y], tile }) => {
          f.if(
            i32.ltU(tile, copies),
            () => {
              const offset = f.keep(i32.mul(tile, copyBytes));
              const length = minimum(i32.sub(i32.constant(count * bytes), offset), i32.constant(copyBytes));
              const [from, to] = [x!, y!].map((base) => f.keep(address.at(base, offset, 1)));
              f.if(
                address.ltU(x!, y!),
                () => f.copyBytes(to!, from!, address.fromIndex(length)),
                () => {
                  f.if(address.ltU(y!, x!), () => f.copyBytes(to!, from!, address.fromIndex(length)));
                },
              );
            },
            () => {
              f.increment(tile, -copies);
              forRowsOfTile(f, tile, given, bytes / 4, (index) => {
                const row = f.keep(load("i32", address.at(rows!, index, 4)));
                f.if(i32.ltU(row, count), () => {
                  f.copyBytes(address.at(y!, row, bytes), address.at(values!, index, bytes), address.constant(bytes));
                });
              });
            },
          );
        }),
    };
  },
});

export const embeddingKernels: readonly KernelDef[] = [embedding, embeddingBackward, gatherRows, scatterRows];
