import type { ProgressListener } from "@attune/spec";
import type { Runtime } from "@attune/tensor-core";
import { type DeviceOptions, openDevice } from "../toolbox/open-device.ts";
import {
  type ModelRequest,
  type OpenModel,
  type OpenRowModel,
  openModel,
  openRowModel,
} from "../toolbox/open-model.ts";
import type { Toolbox } from "../toolbox/toolbox.ts";

/** A model to use, and where. */
export interface UseModelOptions
  extends DeviceOptions,
    Pick<ModelRequest, "model" | "adapter" | "tokenizer" | "storage" | "contextLength" | "baseDirectory" | "onNotice"> {
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ProgressListener | undefined;
}

/** Opens a device and a model, does the work, and gives both back. */
export async function withModel<Result>(
  toolbox: Toolbox,
  options: UseModelOptions,
  work: (runtime: Runtime, opened: OpenModel) => Promise<Result>,
): Promise<Result> {
  return withDevice(toolbox, options, async (runtime) => work(runtime, await openModel(toolbox, runtime, options)));
}

/** Like `withModel`, for a folder that may have no tokenizer. */
export async function withRowModel<Result>(
  toolbox: Toolbox,
  options: UseModelOptions,
  work: (runtime: Runtime, opened: OpenRowModel) => Promise<Result>,
): Promise<Result> {
  return withDevice(toolbox, options, async (runtime) => work(runtime, await openRowModel(toolbox, runtime, options)));
}

async function withDevice<Result>(
  toolbox: Toolbox,
  options: UseModelOptions,
  work: (runtime: Runtime) => Promise<Result>,
): Promise<Result> {
  const runtime = await openDevice(toolbox, options);
  try {
    return await work(runtime);
  } finally {
    await runtime.dispose();
  }
}
