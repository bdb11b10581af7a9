// The whole suite on a device in software; most of its time is compiling shaders.
import { describeConformance, testBackend } from "@attune/tensor-conformance";
import { afterAll, describe, it, vi } from "vitest";
import { createWebgpuBackend } from "../src/index.ts";
import { skipReason, softwareGpu } from "./open-test-device.ts";

vi.setConfig({ testTimeout: 300_000 });

describe.skipIf(skipReason !== undefined)(`on SwiftShader ${skipReason ?? ""}`, () => {
  describeConformance(
    "webgpu",
    testBackend(() => createWebgpuBackend({ gpu: softwareGpu() })),
    { describe, it, afterAll },
  );
});
