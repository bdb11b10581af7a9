// A native library that multiplies nothing, for tests that look at WebAssembly's side of a comparison.
import type { OpenGemm } from "@attune/tensor-core";

export const openGemm: OpenGemm = () => () => {};
