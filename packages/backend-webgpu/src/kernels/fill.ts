// Tensors made of nothing: one value everywhere (fill), ascending integers (iota).
import { elementCount, type KernelDef } from "@attune/tensor-core";
import { expandShader } from "../shader/build-shader.ts";
import { floatLiteral, integerLiteral } from "../shader/literal.ts";
import { flatStage, operand, webgpuKernel } from "./define-kernel.ts";

const flat =
  (body: string) =>
  (constants: Record<string, number>): string =>
    expandShader("#import numbers\n#import flat\n", { constants, declarations: [body] });

const fillKernel = webgpuKernel({
  op: "fill",
  lower({ outputs, attributes }) {
    const { value } = attributes as unknown as { value: number };
    const { shape, dtype } = outputs[0]!;
    const text = dtype === "f32" ? floatLiteral(value) : dtype === "i32" ? integerLiteral(value) : `${value}u`;
    const body = `fn run(index: u32) {\n  y[index] = ${text};\n}\n`;
    return { stages: [flatStage(elementCount(shape), flat(body), [operand("y", 0, `array<${dtype}>`)])] };
  },
});

const iotaKernel = webgpuKernel({
  op: "iota",
  lower({ attributes }) {
    const { length, start } = attributes as unknown as { length: number; start: number };
    const body = `fn run(index: u32) {\n  y[index] = i32(index) + ${integerLiteral(start)};\n}\n`;
    return { stages: [flatStage(length, flat(body), [operand("y", 0, "array<i32>")])] };
  },
});

/** Kernels of ops that make values. */
export const fillKernels: readonly KernelDef[] = [fillKernel, iotaKernel];
