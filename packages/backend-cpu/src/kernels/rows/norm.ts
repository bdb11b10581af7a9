// RMSNorm and LayerNorm over the last axis, forward. A row is read from the level-1 cache after its first pass.
import { type KernelDef, rowExtent } from "@attune/tensor-core";
import { address, f32, f32x4 } from "@attune/tensor-core/wasm";
import { cpuKernel } from "../define-kernel.ts";
import { rowAddress } from "../kernel-function.ts";
import { mapRow, sumRow } from "./row-loops.ts";
import { rowKernelCode } from "./softmax.ts";

const rmsNorm: KernelDef = cpuKernel({
  op: "rmsNorm",
  lower(signature) {
    const { columns } = rowExtent(signature.inputs[0]!.shape);
    const epsilon = signature.attributes["epsilon"] as number;
    return rowKernelCode(signature, (f, row, [x, weight, y, inverse]) => {
      const source = rowAddress(f, x!, row, 4 * columns);
      const target = rowAddress(f, y!, row, 4 * columns);
      const squares = sumRow(f, columns, (read) => {
        const value = read(source);
        return f32x4.mul(value, value);
      });
      const mean = f32.add(f32.div(squares, columns), epsilon);
      const r = f.keep(f32.div(f32.constant(1), f32.sqrt(mean)));
      f.store("f32", address.at(inverse!, row, 4), r);
      const scale = f.keep(f32x4.splat(r));
      mapRow(f, target, columns, (read) => f32x4.mul(f32x4.mul(read(source), scale), read(weight!)));
    });
  },
});

const layerNorm: KernelDef = cpuKernel({
  op: "layerNorm",
  lower(signature) {
    const { columns } = rowExtent(signature.inputs[0]!.shape);
    const { epsilon, bias: biased } = signature.attributes as { epsilon: number; bias: boolean };
    return rowKernelCode(signature, (f, row, bindings) => {
      const [x, weight, bias] = bindings;
      const [y, mean, inverse] = bindings.slice(biased ? 3 : 2);
      const source = rowAddress(f, x!, row, 4 * columns);
      const target = rowAddress(f, y!, row, 4 * columns);
      const mu = f.keep(
        f32.div(
          sumRow(f, columns, (read) => read(source)),
          columns,
        ),
      );
      const level = f.keep(f32x4.splat(mu));
      const squares = sumRow(f, columns, (read) => {
        const centred = f.keep(f32x4.sub(read(source), level));
        return f32x4.mul(centred, centred);
      });
      const r = f.keep(f32.div(f32.constant(1), f32.sqrt(f32.add(f32.div(squares, columns), epsilon))));
      f.store("f32", address.at(mean!, row, 4), mu);
      f.store("f32", address.at(inverse!, row, 4), r);
      const scale = f.keep(f32x4.splat(r));
      mapRow(f, target, columns, (read) => {
        const scaled = f32x4.mul(f32x4.mul(f32x4.sub(read(source), level), scale), read(weight!));
        return biased ? f32x4.add(scaled, read(bias!)) : scaled;
      });
    });
  },
});

export const normKernels: readonly KernelDef[] = [rmsNorm, layerNorm];
