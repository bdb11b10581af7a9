import { AttuneError } from "@attune/spec";
import { type Backend, halfProducts } from "@attune/tensor-core";
import { featureNames, type ProductPrecision } from "./device/capabilities.ts";
import { webgpuKernels } from "./kernels/index.ts";

/** What plans are made for where there is no GPU to ask. */
export interface PlanningBackendOptions {
  /** As for `createWebgpuBackend`. */
  readonly products?: ProductPrecision | undefined;
}

/**
 * A backend that plans as this one does on a desktop GPU (the limits that browsers give those, subgroups of 32, f16 matrices of 16) and
 * can run nothing: for `runtime.plan` and `explainPlan`.
 *
 * @throws AttuneError `DEVICE_UNAVAILABLE` from all that would touch a device
 */
export function createPlanningBackend({ products = "f32" }: PlanningBackendOptions = {}): Backend {
  const refuse = (): never => {
    throw new AttuneError("DEVICE_UNAVAILABLE", "This backend plans and runs nothing.", {
      hint: "Use createWebgpuBackend on a machine with a GPU.",
    });
  };
  return {
    kind: "backend",
    specificationVersion: 1,
    id: "webgpu",
    capabilities: {
      alignment: 256,
      maxBindingBytes: 2 ** 31 - 4,
      splitsBindings: true,
      maxBindings: 10,
      maxAllocationBytes: 2 ** 32 - 4,
      inPlace: true,
      features: new Set([
        featureNames.f16,
        featureNames.subgroups,
        `${featureNames.subgroupSize}32`,
        featureNames.subgroupSizeControl,
        `${featureNames.workgroupBytes}32768`,
        `${featureNames.subgroupMatrix}16x16x16`,
        featureNames.matrixLayouts,
        ...(products === "f16" ? [halfProducts] : []),
      ]),
    },
    kernels: webgpuKernels,
    interprets: false,
    allocate: async () => refuse(),
    free() {},
    write: async () => refuse(),
    read: async () => refuse(),
    compile: async () => refuse(),
    dispose: async () => undefined,
  };
}
