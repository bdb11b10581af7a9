// Scaled dot-product attention, Vaswani et al., arXiv 1706.03762, over grouped heads (query head h reads key head
// ⌊h / (Hq / Hkv)⌋; Ainslie et al., arXiv 2305.13245). Kernels keep a running maximum and sum over blocks of keys (Dao,
// FlashAttention-2, arXiv 2307.08691); o and lse are all that the backward pass needs.
import { checkOptionKeys, type OptionKeys } from "@attune/spec";
import { applyOp, type Tensor } from "../../graph/tensor.ts";
import { defineOp, type OpDef } from "../../op-def/op-def.ts";
import { tensorType } from "../../type/tensor-type.ts";
import { refuseCotangent } from "../checks.ts";
import { iota } from "../create/iota.ts";
import { lessEqual, where } from "../pointwise/elementwise.ts";
import { broadcastTo } from "../pointwise/pointwise.ts";
import { gatherRows } from "../rows/rows.ts";
import { reshape } from "../shape/reshape.ts";
import { attentionBackwardOp } from "./attention-backward.ts";
import { attentionComposite } from "./attention-composite.ts";
import {
  type AttentionAttributes,
  type AttentionExtra,
  type AttentionExtraValues,
  attentionExtent,
  attentionExtras,
  expectAttention,
  extrasOf,
} from "./attention-operands.ts";
import { attentionReference } from "./attention-reference.ts";
import { attentionSamples } from "./attention-samples.ts";

/**
 * Inputs q [B, T, Hq, D], k and v [B, S, Hkv, D], then the optional operands that `extras` announces (attention-operands.ts);
 * outputs o [B, T, Hq, D] and lse [B, Hq, T]. A query that sees no key gives zeros, and lse -Infinity.
 */
export const attentionOp: OpDef<AttentionAttributes> = defineOp<AttentionAttributes>({
  id: "attention",
  infer(inputs, attributes) {
    const { batch, heads, queries } = expectAttention("attention", inputs, attributes, 3);
    return [tensorType(inputs[0]!.shape), tensorType([batch, heads, queries])];
  },
  vjp({ inputs, outputs: [o, lse], cotangents, attributes }) {
    refuseCotangent("attention", "logSumExp", cotangents[1]);
    const [q, k, v, ...extras] = inputs as [Tensor, Tensor, Tensor, ...Tensor[]];
    const [dq, dk, dv, ...rest] = applyOp(
      attentionBackwardOp,
      [q, k, v, o!, lse!, cotangents[0]!, ...extras],
      attributes,
    );
    return [
      dq,
      dk,
      dv,
      ...attributes.extras.map((name) => (name === "bias" || name === "sinks" ? rest.shift() : undefined)),
    ];
  },
  reference: attentionReference,
  decompose: (inputs, attributes) =>
    attributes.extras.includes("cacheTable")
      ? throughTable(inputs, attributes)
      : attentionComposite(inputs, attributes),
  accumulation([q, k, ...rest], attributes) {
    const { keys, size } = attentionExtent(q!, k!, extrasOf([q!, k!, ...rest], attributes, 3).cacheTable);
    return keys + size;
  },
  cost([q, k, ...rest], _, attributes) {
    const { cacheTable } = extrasOf([q!, k!, ...rest], attributes, 3);
    const { batch, heads, queries, keys, size } = attentionExtent(q!, k!, cacheTable);
    return { flops: 4 * batch * heads * queries * keys * size * (attributes.causal && queries === keys ? 0.5 : 1) };
  },
  samples: attentionSamples,
});

/** Reads the rows that the table names, so that kernels without tables can go on; entries of -1 become hidden keys. */
function throughTable(inputs: readonly Tensor[], attributes: AttentionAttributes): readonly Tensor[] {
  const [q, k, v] = inputs as [Tensor, Tensor, Tensor];
  const { cacheTable, ...given } = extrasOf(inputs, attributes, 3);
  const { batch, keys, keyHeads, size, blockSize } = attentionExtent(q.type, k.type, cacheTable!.type);
  const rows = (x: Tensor): Tensor => reshape(gatherRows(x, reshape(cacheTable!, [-1])), [batch, keys, keyHeads, size]);
  const blocks = [batch, keys / blockSize, blockSize];
  const found = lessEqual(0, reshape(broadcastTo(reshape(cacheTable!, [batch, -1, 1]), blocks), [batch, keys]));
  const positions = given.keyPositions ?? reshape(iota(q.host, keys), [1, keys]);
  const extras: AttentionExtraValues<Tensor> = { ...given, keyPositions: where(found, positions, -1) };
  const names = attentionExtras.filter((name) => extras[name] !== undefined);
  const operands = [q, rows(k), rows(v), ...names.map((name) => extras[name]!)];
  return applyOp(attentionOp, operands, { ...attributes, extras: names });
}

/** Options of `attention`; the tensors among them are described with `attentionExtras`. */
export interface AttentionOptions extends AttentionExtraValues<Tensor> {
  /** Keys behind the query are hidden. Default false. */
  readonly causal?: boolean;
  /** Multiplies q · k. Default 1/√D. */
  readonly scale?: number;
  /** Keys this far away or farther are hidden; 0, the default, hides none. */
  readonly window?: number;
  /** Limits scores to ±softcap by tanh; 0, the default, does not. */
  readonly softcap?: number;
}

const attentionOptionKeys: OptionKeys<AttentionOptions> = {
  causal: true,
  scale: true,
  window: true,
  softcap: true,
  queryDocuments: true,
  keyDocuments: true,
  queryPositions: true,
  keyPositions: true,
  lengths: true,
  prefix: true,
  bias: true,
  alibi: true,
  sinks: true,
  cacheTable: true,
};

/**
 * Attention of queries over keys and values.
 *
 * @param operands - q [B, T, Hq, D], k and v [B, S, Hkv, D]; with a cache table k and v are [rows, blockSize, Hkv, D]
 * @returns [B, T, Hq, D]
 * @throws AttuneError `SHAPE_MISMATCH` or `DTYPE_MISMATCH` for operands that do not fit
 */
export function attention(
  { q, k, v }: { readonly q: Tensor; readonly k: Tensor; readonly v: Tensor },
  options: AttentionOptions = {},
): Tensor {
  checkOptionKeys("attention", options, attentionOptionKeys);
  const { causal = false, scale = 1 / Math.sqrt(q.shape.at(-1) ?? 1), window = 0, softcap = 0 } = options;
  const extras: AttentionExtra[] = attentionExtras.filter((name) => options[name] !== undefined);
  const operands = [q, k, v, ...extras.map((name) => options[name]!)];
  return applyOp(attentionOp, operands, { causal, scale, window, softcap, extras })[0]!;
}
