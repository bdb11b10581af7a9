// Runs one op through the backend's kernels: a plan of one dispatch, weights in, states out.
import {
  type Attributes,
  type Backend,
  buildPlan,
  float32,
  type OpDef,
  type TensorType,
  Trace,
  typeBytes,
} from "@attune/tensor-core";

/** Output values of an op on `backend`, as numbers. */
export async function runOp(
  backend: Backend,
  op: OpDef,
  attributes: Attributes,
  inputs: readonly { type: TensorType; values: ArrayLike<number> }[],
): Promise<number[][]> {
  const trace = new Trace();
  const tensors = inputs.map(({ type }, index) => trace.weight(`input${index}`, type));
  const outputs = trace.apply(op, tensors, attributes);
  for (const [index, output] of outputs.entries()) trace.update(trace.state(`output${index}`, output.type), output);
  const plan = buildPlan(trace.finish(), { backend, kernels: backend.kernels });
  const executable = await backend.compile(plan);
  const regions = await Promise.all(
    plan.regions.map(async (region) => {
      const allocation = await backend.allocate(region.role, Math.max(4, region.bytes));
      if (region.role === "weights") {
        const { type, values } = inputs[Number(region.name.slice(5))]!;
        let offset = 0;
        for (const component of type.format.encode!(values, type.shape)) {
          await backend.write(allocation, offset, component);
          offset += Math.ceil(component.byteLength / backend.capabilities.alignment) * backend.capabilities.alignment;
        }
      }
      return allocation;
    }),
  );
  await executable.run(regions);
  const results: number[][] = [];
  for (const [index, { type }] of outputs.entries()) {
    const region = plan.regions.findIndex(({ name }) => name === `output${index}`);
    const bytes = region === -1 ? new Uint8Array() : await backend.read(regions[region]!, 0, typeBytes(type));
    results.push(Array.from((type.dtype === "f32" ? float32 : type.format).decode([bytes], type.shape)));
  }
  for (const region of regions) backend.free(region);
  executable.dispose();
  return results;
}
