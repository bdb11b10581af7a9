// Rows by number: embeddings and their gradient, gathered and scattered rows.
import { elementCount, isPlain, type KernelDef, rowBytes } from "@attune/tensor-core";
import { buildShader, expandShader } from "../../shader/build-shader.ts";
import { flatStage, moving, operand, scratch, webgpuKernel } from "../define-kernel.ts";
import { rowWindows, windowBuffers } from "../row-windows.ts";
import { bindingOf, componentBuffers, decodeFunction } from "../stored-operand.ts";
import { copyStage } from "../strided-copy.ts";

const embeddingKernel = webgpuKernel({
  op: "embedding",
  accepts: ({ inputs: [ids, table] }, capabilities) =>
    isPlain(ids!) && table!.format.decoders.wgsl !== undefined && rowWindows(table!, capabilities) ? 1 : undefined,
  lower(signature, capabilities) {
    const [ids, table] = signature.inputs;
    const [rows, columns] = table!.shape as [number, number];
    const count = elementCount(ids!.shape);
    const quads = Math.ceil(columns / 4);
    const windows = rowWindows(table!, capabilities)!;
    const foundBytes = table!.format
      .components(table!.shape)
      .map(({ bytes }) => Math.ceil((bytes * Math.min(count, rows)) / Math.max(1, rows)));
    const stages = windows.map((window) => {
      // The first window also makes the zeros of ids that are in none.
      const shown = { rows, columns, quads, first_row: window.first, end_row: window.first + window.rows };
      const flags = { zeros: window.first === 0 };
      const buffers = [
        operand("ids", 0, "array<i32>"),
        ...windowBuffers(componentBuffers(signature, 1), window).map((buffer, component) =>
          moving(buffer, { bytes: foundBytes[component]! / windows.length }),
        ),
        operand("y", bindingOf(signature, 2)),
      ];
      return flatStage(
        count * quads,
        (constants) =>
          buildShader("embedding", {
            constants: { ...constants, ...shown },
            flags,
            declarations: [decodeFunction(table!)],
          }),
        buffers,
      );
    });
    return { stages };
  },
});

const embeddingBackwardKernel = webgpuKernel({
  op: "embeddingBackward",
  lower({ inputs, outputs }) {
    const count = elementCount(inputs[0]!.shape);
    const [rows, columns] = outputs[0]!.shape as [number, number];
    const ids = operand("ids", 0, "array<i32>");
    const zeros = "fn run(index: u32) {\n  gradient[index] = 0f;\n}\n";
    const clear = flatStage(
      rows * columns,
      (constants) => expandShader("#import flat\n", { constants, declarations: [zeros] }),
      [operand("gradient", 2)],
    );
    if (count === 0) return { stages: [clear] };
    const chain = scratch("chain", 0, "array<u32>");
    const sizes = { count, rows, columns };
    return {
      scratch: [count * 4],
      stages: [
        clear,
        flatStage(count, (constants) => buildShader("embedding-chain", { constants: { ...constants, ...sizes } }), [
          ids,
          chain,
        ]),
        flatStage(
          count * columns,
          (constants) => buildShader("embedding-backward", { constants: { ...constants, ...sizes } }),
          [ids, chain, operand("dy", 1), operand("gradient", 2)],
        ),
      ],
    };
  },
});

const gatherKernel = webgpuKernel({
  op: "gatherRows",
  lower({ inputs, outputs }) {
    const [rows, ...inner] = inputs[0]!.shape as [number, ...number[]];
    const width = elementCount(inner);
    const body = `fn run(index: u32) {
  let row = rows[index / ${width}u];
  var value = 0u;
  if (row >= 0i && row < ${rows}i) {
    value = x[u32(row) * ${width}u + index % ${width}u];
  }
  y[index] = value;
}
`;
    const x = moving(operand("x", 0, "array<u32>"), { bytes: rowBytes(inputs[0]!, inputs[1]!.shape[0]!) });
    const buffers = [x, operand("rows", 1, "array<i32>"), operand("y", 2, "array<u32>")];
    const build = (constants: Record<string, number>): string =>
      expandShader("#import flat\n", { constants, declarations: [body] });
    return { stages: [flatStage(elementCount(outputs[0]!.shape), build, buffers)] };
  },
});

const scatterKernel = webgpuKernel({
  op: "scatterRows",
  lower({ inputs }) {
    const [rows, ...inner] = inputs[0]!.shape as [number, ...number[]];
    const width = elementCount(inner);
    const body = `fn run(index: u32) {
  let row = rows[index / ${width}u];
  if (row >= 0i && row < ${rows}i) {
    y[u32(row) * ${width}u + index % ${width}u] = values[index];
  }
}
`;
    const buffers = [
      operand("rows", 1, "array<i32>"),
      operand("values", 2, "array<u32>"),
      operand("y", 3, "array<u32>"),
    ];
    const build = (constants: Record<string, number>): string =>
      expandShader("#import flat\n", { constants, declarations: [body] });
    const count = elementCount(inputs[2]!.shape);
    const copy = copyStage(elementCount(inputs[0]!.shape), 0, 3);
    return { stages: count === 0 ? [copy] : [copy, flatStage(count, build, buffers)] };
  },
});

/** Kernels that find rows by number. */
export const embeddingKernels: readonly KernelDef[] = [
  embeddingKernel,
  embeddingBackwardKernel,
  gatherKernel,
  scatterKernel,
];
