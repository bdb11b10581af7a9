import { resolve } from "node:path";
import { type Model, modelTensors, saveModel } from "@attune/models";
import { type Adapters, mergeAdapters, type PlacedAdapters } from "@attune/peft-core";
import { assertReplaceable, replaceFolder } from "@attune/run-folder";
import { AttuneError, type ProgressListener } from "@attune/spec";
import type { Runtime } from "@attune/tensor-core";
import { readChatTemplate } from "@attune/tokenizer-core";
import type { MergeConfig } from "../config/model-config.ts";
import { type DeviceOptions, openDevice } from "../toolbox/open-device.ts";
import { openWeights } from "../toolbox/open-model.ts";
import type { Toolbox } from "../toolbox/toolbox.ts";
import { writeChatTemplate } from "../toolbox/write-chat-template.ts";

/** What is merged, and where it goes. */
export interface MergeModelOptions extends DeviceOptions {
  readonly model: string;
  /** A PEFT folder. */
  readonly adapter: string;
  /** Folder of the merged checkpoint; an earlier one is replaced as a whole, anything else is in the way. */
  readonly output: string;
  readonly dtype?: MergeConfig["dtype"] | undefined;
  readonly onNotice?: ((sentence: string) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ProgressListener | undefined;
}

/** What was written. */
export interface MergeModelResult {
  readonly output: string;
  /** Tensors in it. */
  readonly tensors: number;
}

/**
 * Folds an adapter into its base and writes both as one checkpoint, tokenizer included.
 *
 * @throws AttuneError `CONFIG_INCOMPATIBLE` naming the site of an adapter that cannot be merged; `FILE_EXISTS` where the output would
 * take the place of something else
 */
export async function mergeModel(toolbox: Toolbox, options: MergeModelOptions): Promise<MergeModelResult> {
  await assertFreeOutput(options);
  const runtime = await openDevice(toolbox, options);
  try {
    const { model, adapter, onNotice, signal, onProgress } = options;
    const opened = await openWeights(toolbox, runtime, { model, adapter, onNotice, signal, onProgress });
    if (opened.adapters === undefined || opened.placed === undefined)
      throw new AttuneError("INTERNAL", "No adapter was loaded.");
    const { adapters, placed, folder } = opened;
    const chatTemplate = await readChatTemplate(adapter);
    return await writeMerged(runtime, opened.model, adapters, placed, {
      ...options,
      tokenizerFrom: folder,
      chatTemplate,
    });
  } finally {
    await runtime.dispose();
  }
}

/** What is merged stays, and so does everything that Attune did not write. */
async function assertFreeOutput({ model, adapter, output }: MergeModelOptions): Promise<void> {
  if ([model, adapter].some((given) => resolve(given) === resolve(output))) {
    throw new AttuneError("FILE_EXISTS", `Expected another output than ${output}, which is merged.`, {
      hint: "Choose another folder.",
      details: { file: output },
    });
  }
  await assertReplaceable(output);
}

/** Writes a model with placed adapters folded in; the model in the runtime stays as it is. */
export async function writeMerged(
  runtime: Runtime,
  model: Model,
  adapters: Adapters,
  placed: PlacedAdapters,
  options: {
    readonly output: string;
    readonly tokenizerFrom: string;
    /** Instead of the tokenizer's. */
    readonly chatTemplate?: string | null | undefined;
    readonly dtype?: MergeConfig["dtype"] | undefined;
  },
): Promise<MergeModelResult> {
  const { output, tokenizerFrom, chatTemplate, dtype } = options;
  const { replace } = mergeAdapters(runtime, model, adapters, placed.placement);
  await replaceFolder(output, async (folder) => {
    await saveModel(runtime, model, folder, { replace, dtype, tokenizerFrom });
    await writeChatTemplate(folder, chatTemplate);
  });
  return { output, tensors: modelTensors(runtime, model, { replace }).length };
}
