// The worker of the page: everything that computes runs here, so that the page stays free to draw and to listen.
import { createWebgpuBackend } from "@attune/backend-webgpu";
import { AttuneError, toAttuneError } from "@attune/spec";
import type { FromWorker, SentError, ToWorker, TunerCalls } from "../protocol.ts";
import { fetchModel } from "./fetch-model.ts";
import { createTuner, type Tuner } from "./tuner.ts";

type Answers = {
  [Name in keyof TunerCalls]: (taken: TunerCalls[Name]["takes"]) => Promise<TunerCalls[Name]["gives"]>;
};

const send = (message: FromWorker): void => postMessage(message);
let opened: Tuner | undefined;

function tuner(): Tuner {
  if (opened !== undefined) return opened;
  throw new AttuneError("INPUT_INVALID", "The model is not there yet.", { hint: "Wait until it is loaded." });
}

const answers: Answers = {
  async open({ modelUrl }) {
    // The device is asked for first: without one, nothing has to be downloaded.
    const first = await createWebgpuBackend();
    const files = await fetchModel(modelUrl, (done, total) =>
      send({ kind: "event", event: { kind: "download", done, total } }),
    );
    let spare: typeof first | undefined = first;
    opened = createTuner(files, {
      async openBackend() {
        const backend = spare ?? (await createWebgpuBackend());
        spare = undefined;
        return backend;
      },
      onEvent: (event) => send({ kind: "event", event }),
    });
    return opened.open();
  },
  inspect: ({ text }) => tuner().inspect(text),
  train: ({ text, settings }) => tuner().train(text, settings),
  resume: () => tuner().resume(),
  generate: (request) => tuner().generate(request),
  adapter: async () => ({ ...(await tuner().adapter()) }),
};

addEventListener("message", ({ data }: MessageEvent<ToWorker>) => {
  if (data.kind === "stop") opened?.stop();
  else void answerCall(data);
});

async function answerCall({ id, name, value }: Extract<ToWorker, { kind: "call" }>): Promise<void> {
  try {
    const answer = answers[name] as (taken: typeof value) => Promise<unknown>;
    send({ kind: "result", id, value: await answer(value) });
  } catch (error) {
    send({ kind: "error", id, error: sentError(error) });
  }
}

function sentError(error: unknown): SentError {
  const { code, message, hint, details } = toAttuneError(error);
  return { code, message, hint, key: details?.key };
}
