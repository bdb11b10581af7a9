import { AttuneError } from "@attune/spec";
import { gelu, geluTanh, relu, silu, type Tensor } from "@attune/tensor-core";
import { crossSite } from "../cross-site.ts";
import type { Scope } from "../scope.ts";

/** Names of activation functions, as configurations spell them. */
export type ActivationName = "silu" | "swish" | "gelu" | "gelu_new" | "gelu_pytorch_tanh" | "relu";

const functions: Readonly<Record<ActivationName, (x: Tensor) => Tensor>> = {
  silu,
  swish: silu,
  gelu,
  gelu_new: geluTanh,
  gelu_pytorch_tanh: geluTanh,
  relu,
};

/** The activation that a configuration names. Throws `FILE_UNSUPPORTED` listing those that are known. */
export function parseActivation(name: string, file?: string): ActivationName {
  if (Object.hasOwn(functions, name)) return name as ActivationName;
  throw new AttuneError(
    "FILE_UNSUPPORTED",
    `${file ?? "The configuration"}: activation "${name}" ("hidden_act") is not known.`,
    {
      hint: `Known: ${Object.keys(functions).join(", ")}.`,
      details: { ...(file === undefined ? {} : { file }), key: "hidden_act" },
    },
  );
}

/** Applies an activation function, at an `activation` site. */
export function activation(scope: Scope, x: Tensor, name: ActivationName): Tensor {
  const features = x.shape.at(-1)!;
  return crossSite(scope, {
    kind: "activation",
    inFeatures: features,
    outFeatures: features,
    x,
    compute: (input) => functions[name](input),
  });
}
