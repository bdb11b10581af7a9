// Identities that say something about a value; no bytes move.
import { applyOp, type Tensor } from "../../graph/tensor.ts";
import { type Attributes, defineOp, type OpDef } from "../../op-def/op-def.ts";
import { floats } from "../sample-values.ts";

/** Name of a value to inspect. */
export type DebugAttributes = { readonly name: string };

/** Marks a value for inspection. */
export const debugOp: OpDef<DebugAttributes> = defineOp<DebugAttributes>({
  id: "debug",
  infer: ([x]) => [x!],
  vjp: ({ cotangents }) => [cotangents[0]],
  reference: ([x]) => [x!.slice()],
  cost: () => ({ flops: 0 }),
  alias: () => [0],
  pure: false,
  samples: () => [
    { name: "identity", inputs: [floats("a", [3, 5])], attributes: { name: "hidden" }, differentiable: [0] },
  ],
});

/** Ends the way of gradients. */
export const stopGradientOp: OpDef<Attributes> = defineOp<Attributes>({
  id: "stopGradient",
  infer: ([x]) => [x!],
  vjp: () => [undefined],
  reference: ([x]) => [x!.slice()],
  cost: () => ({ flops: 0 }),
  alias: () => [0],
  samples: () => [{ name: "identity", inputs: [floats("a", [3, 5])], attributes: {} }],
});

/** `x`, marked under a name that inspection of the plan shows. */
export function debug(x: Tensor, name: string): Tensor {
  return applyOp(debugOp, [x], { name })[0]!;
}

/** `x` as a constant: no gradient flows through it. */
export function stopGradient(x: Tensor): Tensor {
  return applyOp(stopGradientOp, [x], {})[0]!;
}
