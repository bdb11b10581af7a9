// Pipelines by the text of their shader, compiled side by side and kept for as long as the backend.
import { AttuneError } from "@attune/spec";
import type { LinkedStage } from "./link-stage.ts";

/** A compiled shader. */
interface Pipeline {
  readonly pipeline: GPUComputePipeline;
  readonly layout: GPUBindGroupLayout;
}

/** Compiles shaders, each once. */
export interface PipelineCache {
  /** @throws AttuneError `INTERNAL` with the compiler's words for a shader that the device refuses */
  get(stage: LinkedStage): Promise<Pipeline>;
}

/** Pipelines of a device. */
export function createPipelineCache(device: GPUDevice): PipelineCache {
  const pipelines = new Map<string, Promise<Pipeline>>();
  const layouts = new Map<string, GPUBindGroupLayout>();
  const layoutOf = (writable: readonly boolean[]): GPUBindGroupLayout => {
    const key = writable.join();
    const known = layouts.get(key);
    if (known !== undefined) return known;
    const layout = device.createBindGroupLayout({
      entries: writable.map((write, binding) => ({
        binding,
        visibility: 4,
        buffer: { type: write ? "storage" : "read-only-storage" },
      })),
    });
    layouts.set(key, layout);
    return layout;
  };
  const compile = async ({ wgsl, ranges }: LinkedStage): Promise<Pipeline> => {
    const layout = layoutOf(ranges.map(({ writable }) => writable));
    device.pushErrorScope("validation");
    const module = device.createShaderModule({ code: wgsl });
    const compiled = device.createComputePipelineAsync({
      layout: device.createPipelineLayout({ bindGroupLayouts: [layout] }),
      compute: { module, entryPoint: "main" },
    });
    const refused = await device.popErrorScope();
    try {
      return { pipeline: await compiled, layout };
    } catch (cause) {
      throw new AttuneError("INTERNAL", `The GPU refused a shader: ${refused?.message ?? String(cause)}`, {
        hint: "Report this with the output of attune doctor.",
        details: { wgsl },
        cause,
      });
    }
  };
  return {
    get(stage) {
      const key = stage.wgsl;
      const known = pipelines.get(key);
      if (known !== undefined) return known;
      const made = compile(stage);
      pipelines.set(key, made);
      return made;
    },
  };
}
