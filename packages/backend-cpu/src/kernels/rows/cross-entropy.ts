// The loss over rows of logits and its gradient: loss = ln Σ e^x - x_label, dx = (e^(x - lse) - [label]) · dloss.
import { ignoredLabel, type KernelDef, rowExtent } from "@attune/tensor-core";
import { address, f32, f32x4, i32, load, select } from "@attune/tensor-core/wasm";
import { cpuKernel } from "../define-kernel.ts";
import { rowAddress } from "../kernel-function.ts";
import { vectorExpNormal } from "../vector-math.ts";
import { largestOfRow, mapRow } from "./row-loops.ts";
import { finiteLargest, rowKernelCode, scalarLog, sumOfPowers } from "./softmax.ts";

const crossEntropy: KernelDef = cpuKernel({
  op: "crossEntropy",
  lower(signature) {
    const { columns } = rowExtent(signature.inputs[0]!.shape);
    return rowKernelCode(signature, (f, row, [logits, labels, loss, logSumExp], scratch) => {
      const source = rowAddress(f, logits!, row, 4 * columns);
      const label = f.keep(load("i32", address.at(labels!, row, 4)));
      const largest = largestOfRow(f, source, columns, scratch);
      const total = sumOfPowers(f, source, columns, finiteLargest(f, largest), scratch);
      const infinite = f32.eq(f32.abs(largest), Number.POSITIVE_INFINITY);
      const value = f.keep(select(infinite, largest, f32.add(scalarLog(f, total), largest)));
      f.store("f32", address.at(logSumExp!, row, 4), value);
      const target = rowAddress(f, loss!, row, 4);
      f.if(
        i32.ltU(label, columns),
        () => f.store("f32", target, f32.sub(value, load("f32", address.at(source, label, 4)))),
        () => f.store("f32", target, select(i32.eq(label, ignoredLabel), f32.constant(0), f32.constant(Number.NaN))),
      );
    });
  },
});

const crossEntropyBackward: KernelDef = cpuKernel({
  op: "crossEntropyBackward",
  lower(signature) {
    const { columns } = rowExtent(signature.inputs[0]!.shape);
    return rowKernelCode(signature, (f, row, [logits, labels, logSumExp, dloss, dlogits]) => {
      const source = rowAddress(f, logits!, row, 4 * columns);
      const target = rowAddress(f, dlogits!, row, 4 * columns);
      const label = f.keep(load("i32", address.at(labels!, row, 4)));
      f.if(
        i32.eq(label, ignoredLabel),
        () => f.fillBytes(target, 0, address.constant(4 * columns)),
        () => {
          const level = f.keep(load("splat32", address.at(logSumExp!, row, 4)));
          const factor = f.keep(load("f32", address.at(dloss!, row, 4)));
          const scale = f.keep(f32x4.splat(factor));
          mapRow(f, target, columns, (read) => f32x4.mul(vectorExpNormal(f, f32x4.sub(read(source), level)), scale));
          f.if(i32.ltU(label, columns), () => {
            const place = f.keep(address.at(target, label, 4));
            f.store("f32", place, f32.sub(load("f32", place), factor));
          });
        },
      );
    });
  },
});

export const crossEntropyKernels: readonly KernelDef[] = [crossEntropy, crossEntropyBackward];
