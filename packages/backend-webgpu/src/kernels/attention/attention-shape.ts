// What the attention kernels accept, their sizes, and the functions that are generated for their options.
import {
  type AttentionAttributes,
  type AttentionExtent,
  type AttentionExtra,
  attentionExtent,
  type Capabilities,
  type Signature,
  type WebgpuBuffer,
} from "@attune/tensor-core";
import { workgroupBytes } from "../../device/capabilities.ts";
import type { ShaderConstant } from "../../shader/build-shader.ts";
import { operand } from "../define-kernel.ts";

/** Optional operands that the kernels know; others go through the composite. */
const knownExtras: readonly AttentionExtra[] = [
  "queryDocuments",
  "keyDocuments",
  "queryPositions",
  "keyPositions",
  "lengths",
  "prefix",
  "alibi",
];

/** Sizes and options of one attention. */
export interface AttentionShape extends AttentionExtent {
  readonly attributes: AttentionAttributes;
  /** Keys, or rows, that are brought into workgroup memory at a time, a multiple of four. */
  readonly block: number;
  /** Operand number of each optional operand. */
  readonly extras: Readonly<Partial<Record<AttentionExtra, number>>>;
}

/** Rows, or keys, that a workgroup works on. */
export const blockRows = 16;

/** The shape of a signature of `attention` or `attentionBackward`, undefined where the composite must run. */
export function attentionShape(
  { inputs, attributes }: Signature,
  required: number,
  capabilities: Capabilities,
): AttentionShape | undefined {
  const given = attributes as unknown as AttentionAttributes;
  if (!given.extras.every((name) => knownExtras.includes(name))) return undefined;
  if (!inputs.every(({ format, dtype }) => format.id === dtype)) return undefined;
  const extent = attentionExtent(inputs[0]!, inputs[1]!, undefined);
  const quads = Math.ceil(extent.size / 4);
  // Two tiles of vectors and two of scores.
  const fits = (block: number): boolean =>
    2 * block * quads * 16 + 2 * blockRows * block * 4 + 64 <= workgroupBytes(capabilities);
  const block = [32, 16, 8, 4].find(fits);
  if (block === undefined || extent.size > 256) return undefined;
  const extras = Object.fromEntries(given.extras.map((name, index) => [name, required + index]));
  return { ...extent, attributes: given, block, extras };
}

/** Constants of the kernels, beside the grid. */
export function attentionConstants(shape: AttentionShape): Record<string, ShaderConstant> {
  const { queries, keys, heads, keyHeads, size, block } = shape;
  const quads = Math.ceil(size / 4);
  return {
    queries,
    keys,
    heads,
    key_heads: keyHeads,
    size,
    block,
    quads,
    own_quads: Math.ceil(quads / 4),
    row_blocks: Math.ceil(((heads / keyHeads) * queries) / blockRows),
    key_blocks: Math.ceil(keys / blockRows),
  };
}

/** Type of a buffer of rows of `size` elements. */
export function rowType({ size }: AttentionShape): string {
  return size % 4 === 0 ? "array<vec4f>" : "array<f32>";
}

/** WGSL of `name_quad(start, inner)`: four elements of row `start`, zeros beyond its end. */
export function quadLoader(name: string, { size }: AttentionShape): string {
  const body =
    size % 4 === 0
      ? `  return ${name}[start * quads + inner];\n`
      : `  let at = start * size + inner * 4u;
  let values = vec4f(${name}[at], ${name}[at + 1u], ${name}[at + 2u], ${name}[at + 3u]);
  return select(vec4f(), values, vec4u(0u, 1u, 2u, 3u) + vec4u(inner * 4u) < vec4u(size));
`;
  return `fn ${name}_quad(start: u32, inner: u32) -> vec4f {\n${body}}\n`;
}

/** WGSL of `name_store(start, inner, values)`. */
export function quadStore(name: string, { size }: AttentionShape): string {
  const body =
    size % 4 === 0
      ? `  ${name}[start * quads + inner] = values;\n`
      : `  for (var lane = 0u; lane < 4u && inner * 4u + lane < size; lane++) {\n    ${name}[start * size + inner * 4u + lane] = values[lane];\n  }\n`;
  return `fn ${name}_store(start: u32, inner: u32, values: vec4f) {\n${body}}\n`;
}

/** Whether whole blocks may be hidden beside those that a causal mask by index leaves out anyway. */
export function skipsBlocks({ attributes: { causal, window }, extras }: AttentionShape): boolean {
  return (
    window > 0 ||
    extras.queryDocuments !== undefined ||
    (causal &&
      (extras.queryPositions !== undefined || extras.keyPositions !== undefined || extras.prefix !== undefined))
  );
}

const variableOf: Readonly<Partial<Record<AttentionExtra, string>>> = {
  queryDocuments: "query_documents",
  keyDocuments: "key_documents",
  queryPositions: "query_positions",
  keyPositions: "key_positions",
  lengths: "lengths",
  prefix: "prefixes",
  alibi: "alibi",
};

/** Buffers of the optional operands. */
export function extraBuffers({ extras }: AttentionShape): WebgpuBuffer[] {
  return Object.entries(extras).map(([name, index]) =>
    operand(variableOf[name as AttentionExtra]!, index, name === "alibi" ? "array<f32>" : "array<i32>"),
  );
}

/** WGSL of what depends on options: visible, score, score_slope, last_key and first_row. */
export function optionFunctions(shape: AttentionShape): string {
  const { attributes, extras, queries, keys, heads, keyHeads } = shape;
  const { causal, window, softcap, scale } = attributes;
  const has = (name: AttentionExtra): boolean => extras[name] !== undefined;
  const position = `fn query_position(batch: u32, query: u32) -> i32 {
  return ${has("queryPositions") ? "query_positions[batch * queries + query]" : `i32(query) + ${keys - queries}`};
}
fn key_position(batch: u32, key: u32) -> i32 {
  return ${has("keyPositions") ? "key_positions[batch * keys + key]" : "i32(key)"};
}
`;
  const near = [
    ...(has("queryDocuments") ? ["query_documents[batch * queries + query] == key_documents[batch * keys + key]"] : []),
    ...(causal ? ["key_position(batch, key) <= query_position(batch, query)"] : []),
    ...(window > 0 ? [`abs(query_position(batch, query) - key_position(batch, key)) < ${window}`] : []),
  ];
  const free = has("prefix") && near.length > 0 ? [`((${near.join(" && ")}) || i32(key) < prefixes[batch])`] : near;
  const always = [
    ...(has("queryDocuments") ? ["query_documents[batch * queries + query] >= 0"] : []),
    ...(has("lengths") ? ["i32(key) < lengths[batch]"] : []),
    ...(has("keyPositions") ? ["key_positions[batch * keys + key] >= 0"] : []),
  ];
  const conditions = [...free, ...always];
  const capped = softcap > 0 ? `${softcap}f * tanh_of(product * ${scale / softcap}f)` : `product * ${scale}f`;
  const slanted = has("alibi")
    ? ` - alibi[head] * f32(abs(query_position(batch, query) - key_position(batch, key)))`
    : "";
  const slope =
    softcap > 0
      ? `  let share = tanh_of(product * ${scale / softcap}f);\n  return ${scale}f * (1f - share * share);\n`
      : `  return ${scale}f;\n`;
  const byIndex = causal && !has("queryPositions") && !has("keyPositions") && !has("prefix");
  const limits = [
    ...(byIndex ? [`u32(max(i32(query) + ${keys - queries + 1}, 0))`] : []),
    ...(has("lengths") ? ["u32(max(lengths[batch], 0))"] : []),
  ].reduce((text, limit) => `min(${text}, ${limit})`, "keys");
  const group = heads / keyHeads;
  return `${position}fn visible(batch: u32, query: u32, key: u32) -> bool {
  return ${conditions.length === 0 ? "true" : conditions.join(" && ")};
}
fn score(product: f32, batch: u32, head: u32, query: u32, key: u32) -> f32 {
  return ${capped}${slanted};
}
fn score_slope(product: f32) -> f32 {
${slope}}
fn last_key(batch: u32, query: u32) -> u32 {
  return ${limits};
}
fn first_row(key: u32) -> u32 {
  return ${byIndex ? `u32(max(i32(key) - ${keys - queries}, 0)) * ${group}u / block * block` : "0u"};
}
`;
}
