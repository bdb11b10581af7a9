// How the tiles of a product read an operand: functions that give four neighbours along its contiguous axis, and from these
// blocks of 4 x 4, turned so that each vector runs along m (of A) or n (of B). Beyond the ends they give zeros.
import type { BufferTraffic, WebgpuBuffer } from "@attune/tensor-core";

/** A matrix in memory: rows of `columns` contiguous elements, one matrix after the other for a batch. */
export interface StoredMatrix {
  /** Prefix of its functions: `a` or `b`. */
  readonly name: "a" | "b";
  readonly rows: number;
  readonly columns: number;
  /** True if k runs along the contiguous axis. */
  readonly alongK: boolean;
  /** Body of a `decode` function over component buffers; plain f32 where absent. */
  readonly decode?: string;
  /** Column that the product's k = 0 is (default 0). */
  readonly firstColumn?: number;
  /** Bytes of an element, or of what it takes of a block. */
  readonly elementBytes: number;
  /** One buffer of plain f32, or the components. */
  readonly buffers: readonly WebgpuBuffer[];
}

/** Whether four neighbours are one vector of the buffer. */
function isWide({ decode, columns }: StoredMatrix): boolean {
  return decode === undefined && columns % 4 === 0;
}

/** The buffers of a matrix, with the type that its loader reads, and what is moved of them. */
export function loaderBuffers(matrix: StoredMatrix, traffic: BufferTraffic): WebgpuBuffer[] {
  if (matrix.decode !== undefined) return matrix.buffers.map((buffer) => ({ ...buffer, traffic }));
  return matrix.buffers.map((buffer) => ({
    ...buffer,
    traffic,
    name: `matrix_${matrix.name}`,
    type: isWide(matrix) ? "array<vec4f>" : "array<f32>",
  }));
}

/** WGSL of `x_quad(batch, row, column)` and `x_block(batch, first, at)`: four vectors, for k = at to at + 3, from `first` on. */
export function loaderFunctions(matrix: StoredMatrix): string {
  const { name, rows, columns, alongK, decode, firstColumn = 0 } = matrix;
  const read =
    decode !== undefined
      ? "decode(element)"
      : isWide(matrix)
        ? `matrix_${name}[element / 4u]`
        : readFour(`matrix_${name}`);
  const ragged =
    columns % 4 === 0
      ? "values"
      : `select(vec4f(), values, vec4u(column, column + 1u, column + 2u, column + 3u) < vec4u(${columns}u))`;
  const shift = firstColumn === 0 ? "start" : `start + ${firstColumn}u`;
  const quad = `fn ${name}_quad(batch: u32, row: u32, start: u32) -> vec4f {
  let column = ${shift};
  if (row >= ${rows}u || column >= ${columns}u) {
    return vec4f();
  }
  let element = (batch * ${rows}u + row) * ${columns}u + column;
  let values = ${read};
  return ${ragged};
}
`;
  const along = (index: number): string =>
    alongK ? `${name}_quad(batch, first + ${index}u, at)` : `${name}_quad(batch, at + ${index}u, first)`;
  const four = [0, 1, 2, 3].map(along).join(", ");
  const matrixOfFour = alongK ? `transpose(mat4x4f(${four}))` : `mat4x4f(${four})`;
  const block = `fn ${name}_block(batch: u32, first: u32, at: u32) -> mat4x4f {
  return ${matrixOfFour};
}
`;
  return `${decode === undefined ? "" : `fn decode(element: u32) -> vec4f {\n${decode}}\n`}${quad}${block}`;
}

function readFour(name: string): string {
  return `vec4f(${[0, 1, 2, 3].map((lane) => `${name}[element${lane === 0 ? "" : ` + ${lane}u`}]`).join(", ")})`;
}
