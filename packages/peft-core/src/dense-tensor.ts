import { embedding, iota, type Tensor, traceOf } from "@attune/tensor-core";

/** A matrix as dense f32, whatever format it is stored in: its rows are gathered, which decodes them. Other tensors are returned as they are. */
export function denseTensor(tensor: Tensor): Tensor {
  const { shape, type } = tensor;
  if (type.format.id === type.dtype || shape.length !== 2) return tensor;
  return embedding(iota(traceOf(tensor), shape[0]!), tensor);
}
