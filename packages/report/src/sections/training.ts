import type { LineSeries } from "../charts/line-chart.ts";
import { lineChart } from "../charts/line-chart.ts";
import type { Markup } from "../markup.ts";
import { html } from "../markup.ts";
import type { CurvePoint, TrainingSection } from "../report-data.ts";
import { factList, figure, section, table } from "./section.ts";

/** The same curve as numbers, for those who cannot see it or want them. */
function numbers(train: readonly CurvePoint[], validation: readonly CurvePoint[]): Markup {
  const points = validation.length > 0 ? validation : train;
  const stride = Math.max(1, Math.ceil(points.length / 20));
  const shown = points.filter((_, index) => index % stride === 0 || index === points.length - 1);
  const name = validation.length > 0 ? "validation loss" : "training loss";
  const rows = shown.map(({ step, value }) => [String(step), value.toFixed(4)]);
  return html`<details><summary>Show the numbers</summary>${table(`Curve of the ${name}`, ["step", name], rows)}</details>`;
}

/** Loss and learning rate over steps. */
export function trainingSection({
  train,
  validation = [],
  learningRate = [],
  bestStep,
  facts = [],
}: TrainingSection): Markup {
  const series: LineSeries[] = [
    { name: "training", points: train, look: train.length > 40 ? "faint" : "plain", tone: "before" },
    { name: "validation", points: validation, look: "marked", tone: "after" },
  ];
  const mark = bestStep === undefined ? undefined : { step: bestStep, label: `kept: step ${bestStep}` };
  const loss = figure(
    html`<strong>Loss</strong> <span class="muted">How surprised the model is by the right answer, in nats a token. Lower is better.${train.length > 40 && " Thin: single steps, cut off at the frame; thick: their running mean."}</span>`,
    html`${lineChart({ title: "Loss", yLabel: "nats a token", series, mark })}${numbers(train, validation)}`,
  );
  const rate =
    learningRate.length > 1 &&
    figure(
      html`<strong>Learning rate</strong> <span class="muted">How large a step the optimizer takes.</span>`,
      lineChart({
        title: "Learning rate",
        yLabel: "learning rate",
        series: [{ name: "learning rate", points: learningRate, look: "plain", tone: "accent" }],
      }),
    );
  return section(
    "training",
    "How training went",
    undefined,
    html`<div class="columns">${loss}${rate}</div>${facts.length > 0 && factList(facts)}`,
  );
}
