// Pipelines by the text of their shader, compiled side by side and shared by the plans of a device. Those that no plan uses any more are
// kept for the next one, the latest of them, so that memory stays bounded however many plans come and go.
import { AttuneError } from "@attune/spec";
import type { LinkedStage } from "./link-stage.ts";

/** A compiled shader. */
interface Pipeline {
  readonly pipeline: GPUComputePipeline;
  readonly layout: GPUBindGroupLayout;
}

/** Compiles shaders, each once. */
export interface PipelineCache {
  /**
   * A pipeline, in use until it is given back as often as it was asked for.
   *
   * @throws AttuneError `INTERNAL` with the compiler's words for a shader that the device refuses
   */
  get(stage: LinkedStage): Promise<Pipeline>;
  giveBack(stage: LinkedStage): void;
  /** Pipelines that are held. */
  size(): number;
}

/** Pipelines that are kept although no plan uses them; a model's step has about a hundred different ones. */
const mostUnused = 512;

/** Pipelines of a device. */
export function createPipelineCache(device: GPUDevice, unused: number = mostUnused): PipelineCache {
  const used = new Map<string, { readonly pipeline: Promise<Pipeline>; users: number }>();
  const idle = new Map<string, Promise<Pipeline>>();
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
      const known = used.get(key);
      if (known !== undefined) {
        known.users++;
        return known.pipeline;
      }
      const pipeline = idle.get(key) ?? compile(stage);
      idle.delete(key);
      used.set(key, { pipeline, users: 1 });
      return pipeline;
    },
    giveBack({ wgsl }) {
      const known = used.get(wgsl);
      if (known === undefined || --known.users > 0) return;
      used.delete(wgsl);
      idle.set(wgsl, known.pipeline);
      if (idle.size > unused) idle.delete(idle.keys().next().value!);
    },
    size: () => used.size + idle.size,
  };
}
