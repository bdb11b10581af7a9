// y = W·x + s·B·(A·dropout(x)), s = alpha/r; Hu et al., LoRA, arXiv 2106.09685. A table is adapted alike: row i of W plus
// s·B·A[:, i]. DoRA (arXiv 2402.09353): the weight is m/n ⊙ (W + s·B·A) with n the norm of each row, a constant to the gradient.
import type { SiteNext } from "@attune/models";
import { denseTensor, type NamedTensors, type SiteForward } from "@attune/peft-core";
import {
  add,
  div,
  dropout,
  embedding,
  linear,
  matmul,
  mul,
  sqrt,
  square,
  stopGradient,
  sub,
  sum,
  type Tensor,
  transpose,
} from "@attune/tensor-core";
import type { LoraOptions } from "./lora-options.ts";
import { scalingOf } from "./lora-scaling.ts";

/** What a LoRA adapter makes of a linear module, a head or an embedding. */
export function loraForward(site: SiteForward<LoraOptions>, next: SiteNext): Tensor {
  const { options, crossing, parameters, random } = site;
  const scaling = scalingOf(options, crossing.name);
  if (crossing.kind === "embedding") {
    const low = embedding(crossing.x, transpose(parameters["lora_embedding_A"]!, [1, 0]));
    return add(next(), linear(mul(low, scaling), parameters["lora_embedding_B"]!));
  }
  const {
    "lora_A.weight": A,
    "lora_B.weight": B,
    "lora_B.bias": bias,
    initial_A: startA,
    initial_B: startB,
  } = parameters;
  const x =
    random === undefined || options.dropout === 0 ? crossing.x : dropout(crossing.x, random, { rate: options.dropout });
  const update = lowRank(x, A!, B!, scaling, bias);
  if (options.dora) return doraOutput(site, next, x, update);
  return add(next(), startA === undefined ? update : sub(update, lowRank(crossing.x, startA, startB!, scaling)));
}

/** B·(s·A·x) + s·b. What has few features is scaled, so that the last product can add to the module's output itself. */
function lowRank(x: Tensor, A: Tensor, B: Tensor, scaling: number, bias?: Tensor): Tensor {
  return linear(mul(linear(x, A), scaling), B, bias === undefined ? {} : { bias: mul(bias, scaling) });
}

/** (m/n − 1)·W·x + m/n·s·B·A·x on top of the module's output; as in PEFT, W·x is of the dropped input while training. */
function doraOutput(
  { options, crossing, parameters }: SiteForward<LoraOptions>,
  next: SiteNext,
  x: Tensor,
  update: Tensor,
): Tensor {
  const weight = crossing.parameters["weight"]!.read();
  const bias = crossing.parameters["bias"]?.read();
  const factor = div(
    parameters["lora_magnitude_vector"]!,
    stopGradient(rowNorms(add(denseTensor(weight), loraDelta(parameters, scalingOf(options, crossing.name))))),
  );
  const result = next();
  const product = x !== crossing.x ? linear(x, weight) : bias === undefined ? result : sub(result, bias);
  return add(result, add(mul(sub(factor, 1), product), mul(factor, update)));
}

/** s·B·A, `[out, in]`. */
export function loraDelta(parameters: NamedTensors, scaling: number): Tensor {
  return mul(matmul(parameters["lora_B.weight"]!, parameters["lora_A.weight"]!), scaling);
}

/** The Euclidean norm of each row, `[rows]`. */
export function rowNorms(matrix: Tensor): Tensor {
  return sqrt(sum(square(matrix), { axes: [1] }));
}
