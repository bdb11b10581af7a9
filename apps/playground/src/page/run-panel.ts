import { formatQuantity } from "@attune/spec";
import type { RunEnd, StepProgress } from "../protocol.ts";
import { element } from "./elements.ts";
import { showFacts } from "./facts.ts";
import { lossChart } from "./loss-chart.ts";

/** A run as it is shown: bar, curve and numbers. */
export interface RunPanel {
  /** Clears what an earlier run left. */
  begin(): void;
  phase(text: string): void;
  step(progress: StepProgress): void;
  /** Goes back to a step, from which a run goes on. */
  backTo(step: number): void;
  end(end: RunEnd): void;
  /** Where the run stands, undefined before its first step. */
  reached(): RunEnd | undefined;
  /** All steps as JSON lines. */
  metrics(): string;
}

/** The panel; `device` is shown among its numbers. */
export function runPanel(device: () => string): RunPanel {
  const panel = element("run", HTMLDivElement);
  const phaseLine = element("run-phase", HTMLParagraphElement);
  const leftLine = element("run-left", HTMLParagraphElement);
  const bar = element("run-progress", HTMLProgressElement);
  const facts = element("facts", HTMLDListElement);
  const chart = lossChart(element("chart", HTMLDivElement));
  let steps: StepProgress[] = [];
  const phase = (text: string): void => {
    phaseLine.textContent = text;
  };
  const backTo = (step: number): void => {
    steps = steps.filter((each) => each.step <= step);
    chart.cutAfter(step);
  };
  return {
    begin() {
      panel.hidden = false;
      bar.value = 0;
      leftLine.textContent = "";
      backTo(0);
    },
    phase,
    backTo,
    step(progress) {
      const { step, steps: total, loss, tokensPerSecond, secondsLeft, memory, trainable } = progress;
      steps.push(progress);
      chart.add({ step, value: loss });
      bar.max = total;
      bar.value = step;
      phase(`Step ${step} of ${total}`);
      leftLine.textContent = step === total ? "" : `about ${formatQuantity(secondsLeft, "seconds")} left`;
      showFacts(facts, {
        Loss: loss.toFixed(3),
        "At first": steps[0]!.loss.toFixed(3),
        Speed: `${tokensPerSecond.toFixed(tokensPerSecond < 100 ? 1 : 0)} tokens/s`,
        Memory: formatQuantity(memory, "bytes"),
        Trained: `${formatQuantity(trainable, "count")} parameters`,
        Device: device(),
      });
    },
    end({ step, steps: total }) {
      leftLine.textContent = "";
      phase(step === total ? `Done: ${total} steps` : `Stopped after step ${step} of ${total}`);
    },
    reached() {
      const last = steps.at(-1);
      return last && { step: last.step, steps: last.steps };
    },
    metrics: () => steps.map(({ kind: _, ...numbers }) => `${JSON.stringify(numbers)}\n`).join(""),
  };
}
