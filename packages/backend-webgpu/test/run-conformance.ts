// The suite on a device in software; most of its time is compiling shaders, so it runs in two files, side by side.
import { describeConformance, testBackend } from "@attune/tensor-conformance";
import { afterAll, describe, it, vi } from "vitest";
import { createWebgpuBackend } from "../src/index.ts";
import { skipReason, softwareGpu } from "./open-test-device.ts";

/** Registers the cases of the groups that `includes` names. */
export function runConformance(title: string, includes: (group: string) => boolean): void {
  vi.setConfig({ testTimeout: 300_000 });
  describe.skipIf(skipReason !== undefined)(`on SwiftShader ${skipReason ?? ""}`, () => {
    const { cases, dispose } = testBackend(() => createWebgpuBackend({ gpu: softwareGpu() }));
    const chosen = cases.filter(({ group }) => includes(group));
    describeConformance(title, { cases: chosen, dispose }, { describe, it, afterAll });
  });
}

/** Ops whose shaders take longest to compile, about half of the whole. */
export const dearOps: readonly string[] = ["linear", "batchedMatmul", "attention", "attentionBackward"];
