/** A kernel as the WebGPU backend runs it; bindings come in the dispatch's binding order, group 0. */
export interface WebgpuKernelCode {
  readonly backend: "webgpu";
  /** Equal keys mean equal pipelines. */
  readonly key: string;
  readonly wgsl: string;
  readonly entryPoint: string;
  /** Values of `override` declarations. */
  readonly overrides: Readonly<Record<string, number>>;
  readonly workgroups: readonly [number, number, number];
}
