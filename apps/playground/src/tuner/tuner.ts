// Everything the page can do with a model, on any backend. When the device is lost, the model is put on a new one, the adapter gets
// back the values of the last step, and the work goes on.
import { createGenerator, type Generator, generateText } from "@attune/generate";
import { countParameters } from "@attune/models";
import { exportAdapter } from "@attune/peft-core";
import { AttuneError, type JsonObject } from "@attune/spec";
import type { Backend } from "@attune/tensor-core";
import { type MemoryJournal, memoryJournal } from "@attune/train";
import { type AdapterFiles, encodeAdapterFiles } from "@attune/weights";
import type { GenerateRequest, OpenedModel, RowSummary, RunEnd, Side, TunerEvent } from "../protocol.ts";
import { type AttachedLora, attachLora } from "./attach-lora.ts";
import { buildExamples, promptOf } from "./build-examples.ts";
import { type ModelFiles, modelName, type OpenBase, openBase } from "./open-base.ts";
import { readRows } from "./read-rows.ts";
import { checkSettings, type TunerSettings } from "./settings.ts";
import { createStepClock } from "./step-clock.ts";
import { type LoraRun, trainLora } from "./train-lora.ts";

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

/** What is on a device: gone when the device is. */
interface OnDevice {
  readonly base: OpenBase;
  lora: AttachedLora | undefined;
  readonly generators: Partial<Record<Side, Generator>>;
}

type JournaledRun = LoraRun & { readonly journal: MemoryJournal };

/** Losses of a device in a row, without a step between, after which the work fails. */
const mostLosses = 3;

/** Makes a tuner of the model in these files. */
export function createTuner(files: ModelFiles, host: TunerHost): Tuner {
  let open: OnDevice | undefined;
  let run: JournaledRun | undefined;
  let stopping = new AbortController();

  const device = async (): Promise<OnDevice> => {
    if (open !== undefined) return open;
    host.onEvent({ kind: "phase", phase: "opening" });
    const made: OnDevice = { base: await openBase(await host.openBackend(), files), lora: undefined, generators: {} };
    if (run !== undefined) made.lora = await restoredLora(made.base, run);
    open = made;
    return made;
  };

  const close = async (): Promise<void> => {
    const closing = open;
    open = undefined;
    await closing?.base.runtime.dispose().catch(() => undefined);
  };

  /** Does work on the device, and once more on a new one where it was lost. */
  const onDevice = async <T>(work: (on: OnDevice) => Promise<T>): Promise<T> => {
    let step = -1;
    for (let losses = 0; ; ) {
      const on = await device();
      try {
        return await work(on);
      } catch (error) {
        if (!AttuneError.is(error) || error.code !== "DEVICE_UNAVAILABLE") throw error;
        await close();
        const reached = run?.journal.savedStep() ?? 0;
        losses = reached > step ? 1 : losses + 1;
        step = reached;
        if (losses === mostLosses) throw error;
        host.onEvent({ kind: "recovered", reason: error.message, step });
      }
    }
  };

  const trainOn = async (on: OnDevice, current: JournaledRun): Promise<RunEnd> => {
    host.onEvent({ kind: "phase", phase: "compiling" });
    const { steps } = current.settings;
    const clock = createStepClock();
    const { trainable } = on.lora!.adapters.counts();
    try {
      await trainLora(on.base, on.lora!, current, {
        signal: stopping.signal,
        onProgress({ done, metrics = {} }) {
          const memory = Object.values(on.base.runtime.memory()).reduce((sum, bytes) => sum + bytes, 0);
          const { loss = Number.NaN, tokensPerSecond = 0, seconds = 0 } = metrics;
          const secondsLeft = clock.secondsLeft(seconds, steps - done);
          host.onEvent({ kind: "step", step: done, steps, loss, tokensPerSecond, secondsLeft, memory, trainable });
        },
      });
    } catch (error) {
      if (!AttuneError.is(error) || error.code !== "ABORTED") throw error;
    }
    return { step: current.journal.savedStep(), steps };
  };

  const goOn = (): Promise<RunEnd> => {
    if (run === undefined) throw new AttuneError("INPUT_INVALID", "There is no run to go on with.");
    const current = run;
    stopping = new AbortController();
    return onDevice((on) => trainOn(on, current));
  };

  const begin = async (text: string, settings: TunerSettings): Promise<RunEnd> => {
    checkSettings(settings);
    const records = readRows(text);
    await onDevice(async (on) => {
      const { tokenizer, model } = on.base;
      const built = buildExamples(records, tokenizer, model.contextLength);
      dropLora(on);
      run = { settings, built, journal: memoryJournal() };
      on.lora = await attachLora(on.base, settings);
    });
    return goOn();
  };

  const generatorOf = ({ base, lora, generators }: OnDevice, side: Side): Generator => {
    const visitors = side === "base" || lora === undefined ? [] : lora.adapters.visitors(lora.placed.placement);
    generators[side] ??= createGenerator(base.runtime, base.model, { batch: 1, visitors });
    return generators[side];
  };

  const answer = async (on: OnDevice, side: Side, request: GenerateRequest): Promise<string> => {
    const { prompt, maxNewTokens, temperature, seed } = request;
    const options = { maxNewTokens, sampling: { temperature, seed } };
    const [made] = await generateText(generatorOf(on, side), on.base.tokenizer, [prompt], {
      ...options,
      onText: (_row, text) => host.onEvent({ kind: "piece", side, text }),
    });
    return made!.text;
  };

  const inTurn = createTurns();
  return {
    open: inTurn(() =>
      onDevice(async ({ base: { runtime, model } }) => ({
        device: deviceName(runtime.backend),
        parameters: countParameters(model.family, model.config),
      })),
    ),
    inspect: inTurn(async (text: string) => {
      const records = readRows(text);
      return onDevice(async ({ base: { tokenizer, model } }) => {
        const { examples, tokens, trainedTokens } = buildExamples(records, tokenizer, model.contextLength);
        const prompts = records.flatMap((record) => promptOf(record) ?? []).slice(0, 100);
        return { rows: examples.length, tokens, trainedTokens, prompts };
      });
    }),
    train: inTurn(begin),
    resume: inTurn(async () => goOn()),
    stop: () => stopping.abort(),
    generate: inTurn(async (request: GenerateRequest) => {
      host.onEvent({ kind: "phase", phase: "generating" });
      const answers: Record<Side, string> = { base: "", adapted: "" };
      for (const side of request.sides) answers[side] = await onDevice((on) => answer(on, side, request));
      return answers;
    }),
    adapter: inTurn(() =>
      onDevice(async ({ base: { runtime, model }, lora }) => {
        if (lora === undefined) {
          throw new AttuneError("INPUT_INVALID", "There is no adapter yet.", { hint: "Train one first." });
        }
        const values = await lora.placed.read();
        const origin = { baseModel: modelName };
        return encodeAdapterFiles(exportAdapter(runtime, model, lora.adapters, values, { origin }));
      }),
    ),
    dispose: inTurn(close),
  };
}

/** An adapter with the values of the last step that the journal holds. */
async function restoredLora(base: OpenBase, { settings, journal }: JournaledRun): Promise<AttachedLora> {
  const lora = await attachLora(base, settings);
  await journal.open({
    runtime: base.runtime,
    store: lora.store,
    slots: lora.optimizer.slots,
    identity: settings as unknown as JsonObject,
  });
  return lora;
}

function dropLora(on: OnDevice): void {
  on.generators.adapted?.dispose();
  delete on.generators.adapted;
  on.lora?.dispose();
  on.lora = undefined;
}

/** Makes functions whose calls wait for each other. */
function createTurns(): <Taken extends unknown[], Given>(
  work: (...taken: Taken) => Promise<Given>,
) => (...taken: Taken) => Promise<Given> {
  let last: Promise<unknown> = Promise.resolve();
  return (work) =>
    (...taken) => {
      const result = last.then(() => work(...taken));
      last = result.catch(() => undefined);
      return result;
    };
}

/** Name of the adapter, which the WebGPU backend has among its features. */
function deviceName({ id, capabilities }: Backend): string {
  const prefix = "adapter:";
  const named = [...capabilities.features].find((feature) => feature.startsWith(prefix));
  return named === undefined ? id : named.slice(prefix.length);
}
