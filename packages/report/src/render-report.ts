import { AttuneError } from "@attune/spec";
import type { Markup } from "./markup.ts";
import { html, renderMarkup } from "./markup.ts";
import type { ReportData } from "./report-data.ts";
import { changesSection } from "./sections/changes.ts";
import { dataSection } from "./sections/data.ts";
import { forgettingSection } from "./sections/forgetting.ts";
import { headerSection } from "./sections/header.ts";
import { mistakesSection } from "./sections/mistakes.ts";
import { repeatSection } from "./sections/repeat.ts";
import { resourcesSection } from "./sections/resources.ts";
import { samplesSection } from "./sections/samples.ts";
import { scoresSection } from "./sections/scores.ts";
import { trainingSection } from "./sections/training.ts";
import { REPORT_STYLE } from "./style.ts";

interface Part {
  readonly id: string;
  readonly title: string;
  readonly body: Markup | undefined;
}

function parts(data: ReportData): Part[] {
  const { scores, changes, samples, mistakes, forgetting, training, data: input, resources, repeat } = data;
  const all: Part[] = [
    { id: "scores", title: "Results", body: scores && scoresSection(scores) },
    { id: "changes", title: "Changes", body: changes && changesSection(changes) },
    { id: "samples", title: "Samples", body: samples && samplesSection(samples) },
    { id: "mistakes", title: "Mistakes", body: mistakes && mistakesSection(mistakes) },
    { id: "forgetting", title: "Forgetting", body: forgetting && forgettingSection(forgetting) },
    { id: "training", title: "Training", body: training && trainingSection(training) },
    { id: "data", title: "Data", body: input && dataSection(input) },
    { id: "resources", title: "Memory and time", body: resources && resourcesSection(resources) },
    { id: "repeat", title: "Do it again", body: repeat && repeatSection(repeat, data.environment ?? []) },
  ];
  return all.filter(({ body }) => body !== undefined);
}

/**
 * The report as one HTML document: no script, nothing loaded from anywhere, every text escaped. Its content security
 * policy forbids scripts and requests, whatever a text holds. Equal data gives equal bytes.
 * Throws INPUT_INVALID for data of another version.
 */
export function renderReport(data: ReportData): string {
  if (data?.version !== 1) {
    throw new AttuneError(
      "INPUT_INVALID",
      `Expected report data of version 1, received ${JSON.stringify(data?.version)}.`,
    );
  }
  const shown = parts(data);
  const policy = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'";
  return renderMarkup(html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="referrer" content="no-referrer">
<title>${data.title} · Attune report</title>
<style>${REPORT_STYLE}</style>
</head>
<body>
<main>
${headerSection(data, shown)}
${shown.map(({ body }) => body)}
</main>
<footer>Made by Attune from the files of the run; every number can be computed again from its predictions.</footer>
</body>
</html>
`);
}
