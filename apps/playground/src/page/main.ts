// The page: forms and buttons on one side, the worker that trains on the other.
import { AttuneError } from "@attune/spec";
import type { OpenedModel, RunEnd, TunerEvent } from "../protocol.ts";
import { comparePanel } from "./compare-panel.ts";
import { button, element } from "./elements.ts";
import { methodPanel } from "./method-panel.ts";
import { problemBox } from "./problem.ts";
import { rowsPanel } from "./rows-panel.ts";
import { runPanel } from "./run-panel.ts";
import { saveFile } from "./save-file.ts";
import { startTuner } from "./tuner-client.ts";

/** What the page is doing; buttons follow from it. */
type Activity = "opening" | "idle" | "training" | "stopping" | "generating" | "failed";

const phases = {
  opening: "Putting the model on the GPU…",
  compiling: "Compiling kernels for this GPU…",
  training: "Training…",
  generating: "Writing…",
} as const;

const problem = problemBox();
const rows = rowsPanel(() => void inspect());
const method = methodPanel();
const compare = comparePanel();
const tuner = startTuner(hear);
let activity: Activity = "opening";
let opened: OpenedModel | undefined;
let run: RunEnd | undefined;
const progress = runPanel(() => opened?.device ?? "");

function hear(event: TunerEvent): void {
  switch (event.kind) {
    case "download":
      element("download", HTMLProgressElement).value = event.done / event.total;
      describeDevice(`Loading the model: ${Math.round((100 * event.done) / event.total)}%`);
      break;
    case "phase":
      if (activity === "training") progress.phase(phases[event.phase]);
      break;
    case "step":
      progress.step(event);
      break;
    case "recovered":
      progress.backTo(event.step);
      announce(`${event.reason} Going on with a new device from step ${event.step}.`);
      progress.phase(`The GPU was lost; going on from step ${event.step}…`);
      break;
    case "piece":
      compare.add(event.side, event.text);
      break;
  }
}

/** Does something while nothing else may be done, and shows what goes wrong. */
async function during(what: Activity, work: () => Promise<void>): Promise<void> {
  problem.clear();
  method.mark(undefined);
  become(what);
  try {
    await work();
    become("idle");
  } catch (error) {
    become(opened === undefined ? "failed" : "idle");
    problem.show(error);
    if (AttuneError.is(error) && error.code === "OPTIONS_INVALID") method.mark(String(error.details?.["key"] ?? ""));
  }
}

function become(next: Activity): void {
  activity = next;
  document.body.dataset["activity"] = next;
  const isTraining = next === "training" || next === "stopping";
  const canGoOn = run !== undefined && run.step < run.steps;
  method.lock(isTraining);
  button("train").disabled = next !== "idle";
  button("train").textContent = canGoOn ? "Start over" : run === undefined ? "Train" : "Train again";
  button("train").classList.toggle("quiet", canGoOn);
  button("train").hidden = isTraining;
  button("stop").hidden = !isTraining;
  button("stop").disabled = next === "stopping";
  button("stop").textContent = next === "stopping" ? "Stopping after this step…" : "Stop";
  button("resume").hidden = isTraining || !canGoOn;
  button("resume").disabled = next !== "idle";
  button("generate").disabled = next !== "idle";
  for (const id of ["take-weights", "take-config", "take-metrics"])
    button(id).disabled = next !== "idle" || run === undefined;
}

function describeDevice(text: string): void {
  element("device-text", HTMLSpanElement).textContent = text;
}

function announce(text: string): void {
  element("status", HTMLParagraphElement).textContent = text;
}

async function inspect(): Promise<void> {
  if (opened === undefined) return;
  const text = rows.text();
  try {
    const summary = await tuner.call("inspect", { text });
    if (text !== rows.text()) return;
    rows.describe(summary);
    compare.offer(summary.prompts);
  } catch (error) {
    rows.describe(error as Error);
  }
}

async function open(): Promise<void> {
  const line = element("device", HTMLParagraphElement);
  line.className = "device waiting";
  try {
    opened = await tuner.call("open", { modelUrl: new URL("model/", document.baseURI).href });
    line.className = "device ready";
    describeDevice(`Ready on ${opened.device}`);
    announce("The model is ready.");
    await inspect();
  } catch (error) {
    line.className = "device failed";
    describeDevice("Not ready");
    throw error;
  } finally {
    element("download", HTMLProgressElement).hidden = true;
  }
}

/** Runs to the last step or to where it is stopped; a run that failed can go on from its last step. */
async function follow(training: Promise<RunEnd>): Promise<void> {
  try {
    run = await training;
  } catch (error) {
    run = progress.reached();
    throw error;
  }
  progress.end(run);
  announce(run.step === run.steps ? "Training is done." : `Training stopped after step ${run.step}.`);
}

element("method", HTMLFormElement).addEventListener("submit", (event) => {
  event.preventDefault();
  void during("training", async () => {
    const settings = method.settings();
    const training = tuner.call("train", { text: rows.text(), settings });
    run = undefined;
    compare.clear();
    progress.begin();
    await follow(training);
  });
});
button("resume").addEventListener("click", () => void during("training", () => follow(tuner.call("resume", {}))));
button("stop").addEventListener("click", () => {
  tuner.stop();
  become("stopping");
});
element("compare", HTMLFormElement).addEventListener("submit", (event) => {
  event.preventDefault();
  void during("generating", async () => {
    compare.clear();
    await tuner.call(
      "generate",
      compare.request(run === undefined ? ["base"] : ["base", "adapted"], method.settings().seed),
    );
    announce("The answers are written.");
  });
});
for (const [id, name] of [
  ["take-weights", "adapter_model.safetensors"],
  ["take-config", "adapter_config.json"],
] as const) {
  button(id).addEventListener(
    "click",
    () => void during("generating", async () => saveFile(name, (await tuner.call("adapter", {}))[name]!)),
  );
}
button("take-metrics").addEventListener("click", () => saveFile("metrics.jsonl", progress.metrics()));
become("opening");
void during("opening", open);
