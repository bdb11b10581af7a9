// What happens to a product's sums before they are stored: bias, activation, residual.
import { activationExpression, type WebgpuBuffer } from "@attune/tensor-core";
import { unaryFunction } from "../../shader/expression.ts";

/** Where the results of a product go, and what is added on the way. */
export interface Epilogue {
  readonly m: number;
  readonly n: number;
  readonly bias?: WebgpuBuffer | undefined;
  readonly residual?: WebgpuBuffer | undefined;
  readonly activation: string;
  readonly output: WebgpuBuffer;
  /** Whether output and residual are vectors of four, which only a thread that makes all four may write. */
  readonly wide: boolean;
  /** Column of the output that the product's first one is (default 0), and columns of the output (default n). */
  readonly firstColumn?: number;
  readonly columns?: number;
  /** Sums of an earlier range of k, added before the epilogue; may be the output itself. */
  readonly before?: WebgpuBuffer | undefined;
}

/** Buffers of an epilogue. */
export function epilogueBuffers({ wide, bias, residual, output, before }: Epilogue): WebgpuBuffer[] {
  const type = wide ? "array<vec4f>" : "array<f32>";
  return [
    ...(before ? [{ ...before, name: "earlier", type }] : []),
    ...(bias ? [{ ...bias, name: "bias", type: "array<f32>" }] : []),
    ...(residual ? [{ ...residual, name: "residual", type }] : []),
    { ...output, name: "c", type },
  ];
}

/** WGSL of `store(slab, row, column, values)`, four neighbours of a row, and `store_one(row, column, value)`. */
export function epilogueFunctions(epilogue: Epilogue): string {
  const { m, n, bias, residual, activation, wide, firstColumn = 0, columns = n, before } = epilogue;
  const expression = activationExpression(activation);
  const finish = (): string =>
    [
      "  var result = value;\n",
      before ? `  result += ${wide ? "earlier[element / 4u][element % 4u]" : "earlier[element]"};\n` : "",
      bias ? `  result += bias[column + ${firstColumn}u];\n` : "",
      expression ? "  result = activate(result);\n" : "",
      residual ? `  result += ${wide ? "residual[element / 4u][element % 4u]" : "residual[element]"};\n` : "",
      "  return result;\n",
    ].join("");
  const lanes = [0, 1, 2, 3].map((lane) => `finish(element + ${lane}u, column + ${lane}u, values[${lane}])`);
  const store = wide
    ? `  c[element / 4u] = vec4f(${lanes.join(", ")});\n`
    : `  for (var lane = 0u; lane < 4u && column + lane < ${n}u; lane++) {\n    c[element + lane] = finish(element + lane, column + lane, values[lane]);\n  }\n`;
  return [
    expression ? `#import elementary\n${unaryFunction("activate", expression)}` : "",
    `fn finish(element: u32, column: u32, value: f32) -> f32 {\n${finish()}}\n`,
    `fn store(slab: u32, row: u32, column: u32, values: vec4f) {\n  let element = (slab * ${m}u + row) * ${columns}u + ${firstColumn}u + column;\n${store}}\n`,
  ].join("");
}

/** WGSL of `store_one(row, column, value)`, for kernels that make one value a thread. */
export function storeOneFunction({ n, firstColumn = 0, columns = n }: Epilogue): string {
  return `fn store_one(row: u32, column: u32, value: f32) {\n  let element = row * ${columns}u + ${firstColumn}u + column;\n  c[element] = finish(element, column, value);\n}\n`;
}
