import { defineOp, type OpDef } from "../../op-def/op-def.ts";
import { tensorType } from "../../type/tensor-type.ts";
import { expectShape } from "../checks.ts";
import { attentionBackwardComposite } from "./attention-composite.ts";
import { type AttentionAttributes, attentionExtent, expectAttention, extrasOf } from "./attention-operands.ts";
import { attentionBackwardReference } from "./attention-reference.ts";
import { attentionBackwardSamples } from "./attention-samples.ts";

/**
 * Inputs q, k, v, o, lse, do and the optional operands of attention; outputs dq, dk, dv, then dbias and dsinks where there
 * is a bias or there are sinks. Weights are computed again from lse, so that no [T, S] matrix is kept.
 */
export const attentionBackwardOp: OpDef<AttentionAttributes> = defineOp<AttentionAttributes>({
  id: "attentionBackward",
  infer(inputs, attributes) {
    const [q, k, v, o, lse, dout] = inputs;
    const { batch, heads, queries } = expectAttention("attentionBackward", inputs, attributes, 6);
    expectShape("attentionBackward", "o", o!, q!.shape);
    expectShape("attentionBackward", "logSumExp", lse!, [batch, heads, queries]);
    expectShape("attentionBackward", "do", dout!, q!.shape);
    const { bias, sinks } = extrasOf(inputs, attributes, 6);
    return [q!, k!, v!, ...(bias ? [bias] : []), ...(sinks ? [sinks] : [])].map((type) => tensorType(type.shape));
  },
  reference: attentionBackwardReference,
  decompose: attentionBackwardComposite,
  accumulation([q, k], attributes) {
    const { heads, keyHeads, queries, keys, size } = attentionExtent(q!, k!, undefined);
    const shared = attributes.extras.includes("sinks") || attributes.extras.includes("bias") ? q!.shape[0]! : 1;
    return Math.max((heads / keyHeads) * queries * shared, keys) + size;
  },
  cost([q, k, ...rest], _, attributes) {
    const { cacheTable } = extrasOf([q!, k!, ...rest], attributes, 6);
    const { batch, heads, queries, keys, size } = attentionExtent(q!, k!, cacheTable);
    return { flops: 10 * batch * heads * queries * keys * size * (attributes.causal && queries === keys ? 0.5 : 1) };
  },
  samples: attentionBackwardSamples,
});
