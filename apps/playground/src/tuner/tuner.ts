// Everything the page can do with a model, on any backend. When the device is lost, the model is put on a new one, the adapter gets
// back the values of the last step, and the work goes on.
import { countParameters } from "@attune/models";
import { AttuneError, createQueue, type TextRecord } from "@attune/spec";
import type { Backend } from "@attune/tensor-core";
import { memoryJournal } from "@attune/train";
import type { AdapterFiles } from "@attune/weights";
import type { GenerateRequest, OpenedModel, RowSummary, RunEnd, Side, TunerEvent } from "../protocol.ts";
import { buildExamples, promptOf } from "./build-examples.ts";
import type { ModelFiles, OpenBase } from "./open-base.ts";
import {
  exportLora,
  type JournaledRun,
  type PlacedModel,
  placeModel,
  replaceLora,
  writeAnswer,
} from "./placed-model.ts";
import { readRows } from "./read-rows.ts";
import { createRecoverable } from "./recoverable.ts";
import { checkSettings, type TunerSettings } from "./settings.ts";
import { createStepClock } from "./step-clock.ts";
import { trainLora } from "./train-lora.ts";

/** Where a tuner gets its device from, and whom it tells. */
export interface TunerHost {
  openBackend(): Promise<Backend>;
  onEvent(event: TunerEvent): void;
}

/** A model that can be adapted and asked. Calls wait for the one before. */
export interface Tuner {
  open(): Promise<OpenedModel>;
  inspect(text: string): Promise<RowSummary>;
  /** Starts a new adapter in place of the one that is there. */
  train(text: string, settings: TunerSettings): Promise<RunEnd>;
  /** Goes on with the run that was stopped. */
  resume(): Promise<RunEnd>;
  /** Ends the run after the step that is under way. */
  stop(): void;
  generate(request: GenerateRequest): Promise<Record<Side, string>>;
  adapter(): Promise<AdapterFiles>;
  dispose(): Promise<void>;
}

/** Makes a tuner of the model in these files. */
export function createTuner(files: ModelFiles, { openBackend, onEvent }: TunerHost): Tuner {
  let run: JournaledRun | undefined;
  let stopping = new AbortController();

  const device = createRecoverable<PlacedModel>({
    async open() {
      onEvent({ kind: "phase", phase: "opening" });
      return placeModel(await openBackend(), files, run);
    },
    close: ({ base }) => base.runtime.dispose(),
    savedStep: () => run?.journal.savedStep() ?? 0,
    onRecovered: (reason, step) => onEvent({ kind: "recovered", reason, step }),
  });

  const goOn = async (): Promise<RunEnd> => {
    if (run === undefined) throw new AttuneError("INPUT_INVALID", "There is no run to go on with.");
    const current = run;
    stopping = new AbortController();
    return device.use((placed) => trainOn(placed, current, stopping.signal, onEvent));
  };

  const begin = async (text: string, settings: TunerSettings): Promise<RunEnd> => {
    checkSettings(settings);
    const records = readRows(text);
    await device.use(async (placed) => {
      const { tokenizer, model } = placed.base;
      const built = buildExamples(records, tokenizer, model.contextLength);
      run = undefined;
      await replaceLora(placed, settings);
      run = { settings, built, journal: memoryJournal() };
    });
    return goOn();
  };

  const answer = async (request: GenerateRequest): Promise<Record<Side, string>> => {
    onEvent({ kind: "phase", phase: "generating" });
    const answers: Record<Side, string> = { base: "", adapted: "" };
    for (const side of request.sides) {
      answers[side] = await device.use((placed) => writeAnswer(placed, side, request, onEvent));
    }
    return answers;
  };

  const inspect = async (text: string): Promise<RowSummary> => {
    const records = readRows(text);
    return device.use(async ({ base }) => summarise(records, base));
  };

  const queue = createQueue();
  return {
    open: () => queue(() => device.use(async ({ base }) => describeModel(base))),
    inspect: (text) => queue(() => inspect(text)),
    train: (text, settings) => queue(() => begin(text, settings)),
    resume: () => queue(goOn),
    stop: () => stopping.abort(),
    generate: (request) => queue(() => answer(request)),
    adapter: () => queue(() => device.use(exportLora)),
    dispose: () => queue(device.close),
  };
}

function describeModel({ runtime, model }: OpenBase): OpenedModel {
  return { device: deviceName(runtime.backend), parameters: countParameters(model.family, model.config) };
}

/** Prompts that are offered to try the model on. */
const offeredPrompts = 100;

function summarise(records: readonly TextRecord[], { tokenizer, model }: OpenBase): RowSummary {
  const { examples, tokens, trainedTokens } = buildExamples(records, tokenizer, model.contextLength);
  const prompts = records.flatMap((record) => promptOf(record) ?? []).slice(0, offeredPrompts);
  return { rows: examples.length, tokens, trainedTokens, prompts };
}

/** Trains to the last step, or to the one after which it is stopped. */
async function trainOn(
  { base, lora }: PlacedModel,
  run: JournaledRun,
  signal: AbortSignal,
  onEvent: TunerHost["onEvent"],
): Promise<RunEnd> {
  onEvent({ kind: "phase", phase: "compiling" });
  const { steps } = run.settings;
  const clock = createStepClock();
  const { trainable } = lora!.adapters.counts();
  try {
    await trainLora(base, lora!, run, {
      signal,
      onProgress({ done, metrics = {} }) {
        const memory = Object.values(base.runtime.memory()).reduce((sum, bytes) => sum + bytes, 0);
        const { loss = Number.NaN, tokensPerSecond = 0, seconds = 0 } = metrics;
        const secondsLeft = clock.secondsLeft(seconds, steps - done);
        onEvent({ kind: "step", step: done, steps, loss, tokensPerSecond, secondsLeft, memory, trainable });
      },
    });
  } catch (error) {
    if (!AttuneError.is(error) || error.code !== "ABORTED") throw error;
  }
  return { step: run.journal.savedStep(), steps };
}

/** Name of the adapter, which the WebGPU backend has among its features. */
function deviceName({ id, capabilities }: Backend): string {
  const prefix = "adapter:";
  const named = [...capabilities.features].find((feature) => feature.startsWith(prefix));
  return named === undefined ? id : named.slice(prefix.length);
}
