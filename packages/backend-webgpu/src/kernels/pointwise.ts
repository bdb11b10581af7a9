// Generated kernels of the op "pointwise": loads of all inputs, the fused expressions, stores of all outputs; one thread an
// element, or four neighbours where every operand steps through them or repeats one.
import {
  elementCount,
  isIntegerExpression,
  type KernelDef,
  type LoopAxis,
  mergeAxes,
  type PointwiseAttributes,
  type Signature,
} from "@attune/tensor-core";
import { expandShader } from "../shader/build-shader.ts";
import { converted, expressionCode } from "../shader/expression.ts";
import { flatStage, operand, webgpuKernel } from "./define-kernel.ts";
import { elementsOf, elementWindows } from "./element-windows.ts";

export const pointwiseKernel: KernelDef = webgpuKernel({
  op: "pointwise",
  lower(signature, capabilities) {
    const { inputs, outputs } = signature;
    const shape = outputs[0]!.shape;
    const axes = mergeAxes(
      shape,
      inputs.map((type) => type.shape),
    );
    const { size, strides } = axes.at(-1)!;
    const width = size % 4 === 0 && strides.every((stride) => stride <= 1) ? 4 : 1;
    const buffers = [
      ...inputs.map(({ dtype }, input) =>
        operand(`x${input}`, input, arrayOf(dtype, strides[input] === 0 ? 1 : width)),
      ),
      ...outputs.map(({ dtype }, output) => operand(`y${output}`, inputs.length + output, arrayOf(dtype, width))),
    ];
    const body = runFunction(signature, axes, width);
    const count = elementCount(shape);
    const build = (constants: Record<string, number>): string =>
      expandShader("#import elementary\n#import flat\n", { constants, declarations: [body] });
    // Along a single axis an element's number in a window is that of its operands.
    const windows = axes.length === 1 ? elementWindows(count, capabilities) : [{ first: 0, count }];
    const stages = windows.map((window) =>
      flatStage(
        window.count / width,
        build,
        buffers.map((buffer, index) => (strides[index] === 0 ? buffer : elementsOf(buffer, window, count))),
      ),
    );
    return { stages };
  },
});

function arrayOf(dtype: string, width: number): string {
  return `array<${width === 4 ? `vec4<${dtype}>` : dtype}>`;
}

function runFunction(signature: Signature, axes: readonly LoopAxis[], width: 1 | 4): string {
  const { inputs, outputs } = signature;
  const { expressions, dtypes } = signature.attributes as unknown as PointwiseAttributes;
  const integer =
    inputs.every((type) => type.dtype === "i32") &&
    dtypes.every((dtype) => dtype === "i32") &&
    expressions.every(isIntegerExpression);
  const number = integer ? "i32" : "f32";
  const parameters = inputs.map((_, input) => `v${input}: ${number}`).join(", ");
  const { statements, results } = expressionCode(
    expressions,
    inputs.map((_, input) => `v${input}`),
    integer,
  );
  const lines = statements.map((statement) => `  ${statement}\n`).join("");
  const values = results.map((result, output) => (integer ? result : converted(result, dtypes[output]!)));
  const fields = dtypes.map((dtype, output) => `r${output}: ${dtype}, `).join("");
  const compute = `struct Result { ${fields}}\nfn compute(${parameters}) -> Result {\n${lines}  return Result(${values.join(", ")});\n}\n`;
  const load = (input: number, lane: number): string => {
    const stride = axes.at(-1)!.strides[input]!;
    const value = width === 4 && stride === 1 ? `x${input}[at${input} / 4u][${lane}]` : `x${input}[at${input}]`;
    return integer || inputs[input]!.dtype === "f32" ? value : `f32(${value})`;
  };
  const calls = Array.from({ length: width }, (_, lane) => {
    const given = inputs.map((_input, input) => load(input, lane)).join(", ");
    return `  let r${lane} = compute(${given});\n`;
  }).join("");
  const stores = outputs
    .map((type, output) => {
      const lanes = Array.from({ length: width }, (_, lane) => `r${lane}.r${output}`);
      return `  y${output}[index] = ${width === 4 ? `vec4<${type.dtype}>(${lanes.join(", ")})` : lanes[0]};\n`;
    })
    .join("");
  return `${compute}fn run(index: u32) {\n${offsets(inputs.length, axes, width)}${calls}${stores}}\n`;
}

/** Statements that give `at0`, `at1` and so on: the place of each input's element. */
function offsets(inputs: number, axes: readonly LoopAxis[], width: number): string {
  const lines = [`  var rest = index${width === 4 ? " * 4u" : ""};\n`];
  for (let input = 0; input < inputs; input++) lines.push(`  var at${input} = 0u;\n`);
  axes.toReversed().forEach(({ size, strides }, depth) => {
    const last = depth === axes.length - 1;
    const coordinate = `c${depth}`;
    lines.push(`  let ${coordinate} = rest${last ? "" : ` % ${size}u`};\n`);
    if (!last) lines.push(`  rest = rest / ${size}u;\n`);
    strides.forEach((stride, input) => {
      if (stride > 0) lines.push(`  at${input} += ${coordinate}${stride === 1 ? "" : ` * ${stride}u`};\n`);
    });
  });
  return lines.join("");
}
