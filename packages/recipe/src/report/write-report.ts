// report.html: everything that a run measured, in one file that opens from disk.

import { type Fact, type ReportData, type ResourceSection, renderReport } from "@attune/report";
import { readJson, writeFileAtomic } from "@attune/run-folder";
import { formatCount, formatQuantity, type JsonObject } from "@attune/spec";
import { formatRecipe } from "../config/format-recipe.ts";
import type { RecipeConfig } from "../config/recipe-config.ts";
import type { RecipeData } from "../data/recipe-data.ts";
import { promptTextOf } from "../data/row-builder.ts";
import type { Evaluations, ResultTable } from "../evaluate/result-table.ts";
import type { RunContext } from "../session/run-options.ts";
import type { RunPlan } from "../session/run-plan.ts";
import type { AdaptResult } from "../train/adapt.ts";
import { dataSection } from "./report-data-section.ts";
import { stepSection } from "./report-profile.ts";
import { sampleSection } from "./report-samples.ts";
import { changeSection, forgettingSection, mistakeSection, scoreSection, scoreTiles } from "./report-scores.ts";
import { trainingSection } from "./report-training.ts";

/** What a report is made of. */
export interface ReportInputs {
  readonly data: RecipeData;
  readonly training: AdaptResult;
  readonly plan: RunPlan;
  readonly hashes: Readonly<Record<string, string>>;
  readonly judged: { readonly evaluations: Evaluations; readonly table: ResultTable } | undefined;
}

/** Writes the report of a run. */
export async function writeReport(context: RunContext, inputs: ReportInputs): Promise<void> {
  const { session, recipe } = context;
  const { layout, stages } = session;
  const { config } = recipe;
  const { data, training, plan, judged, hashes } = inputs;
  const environment = (await readJson(layout.environment)) as JsonObject;
  const report: ReportData = {
    version: 1,
    title: config.report.title ?? config.name,
    summary: config.report.summary ?? summaryOf(config, judged?.table, training),
    createdAt: new Date().toISOString().slice(0, 16).replace("T", " "),
    ...(judged === undefined ? {} : scoreParts(config, data, judged)),
    data: dataSection(data, config.report.unit),
    training: await trainingSection(layout.metrics, training),
    resources: { ...resourceSection(plan, stages), step: await stepSection(layout.profile) },
    environment: environmentFacts(environment),
    repeat: {
      command: `attune run config.resolved.yaml --output ${config.name}-again`,
      recipe: formatRecipe(config),
      facts: [
        { name: "seed", value: String(config.seed) },
        ...Object.entries(hashes).map(([name, value]) => ({ name: `${name} (SHA-256)`, value })),
      ],
    },
  };
  await writeFileAtomic(layout.report, renderReport(report));
}

function scoreParts(
  config: RecipeConfig,
  data: RecipeData,
  { evaluations, table }: NonNullable<ReportInputs["judged"]>,
): Partial<ReportData> {
  const part = data.parts[config.evaluation!.part];
  const texts = new Map(part.map((record) => [record.id, promptTextOf(record)]));
  const general = config.evaluation!.general;
  return {
    tiles: scoreTiles(table, general?.maxRatio),
    scores: scoreSection(table, config.report.unit),
    mistakes: mistakeSection(evaluations),
    samples: sampleSection(evaluations, part, config),
    changes: changeSection(evaluations, (id) => texts.get(id) ?? "", config),
    forgetting: forgettingSection(table, nameOf(general?.source), general?.maxRatio),
  };
}

function nameOf(source: Readonly<Record<string, unknown>> | undefined): string {
  const name = source?.["name"] ?? source?.["package"] ?? source?.["path"];
  return typeof name === "string" ? (name.split(/[\\/]/).at(-1) ?? name) : "general text";
}

function summaryOf(config: RecipeConfig, table: ResultTable | undefined, { trainable, steps }: AdaptResult): string {
  const trained = `${config.model} was adapted by ${config.method.id} (${formatCount(trainable)} parameters, ${steps} steps)`;
  const first = table?.columns[0];
  const before = table?.rows.find(({ role }) => role === "before");
  const after = table?.rows.find(({ role }) => role === "after");
  if (first === undefined || before === undefined || after === undefined) return `${trained}.`;
  const [from, to] = [before, after].map(({ scores }) => formatQuantity(scores[first.id]!.value, first.unit));
  const change = `${from} to ${to}`;
  return `${trained}. ${first.title} on ${table!.n} unseen ${config.report.unit} went from ${change}.`;
}

/** What was predicted before step 1 beside what was used. */
function resourceSection(plan: RunPlan, stages: RunContext["session"]["stages"]): ResourceSection {
  return {
    rows: [
      {
        name: "Peak memory of the process",
        unit: "bytes",
        predicted: plan.memory.peakBytes,
        used: plan.used?.peakBytes,
      },
      {
        name: "Time of all stages, data apart",
        unit: "seconds",
        predicted: plan.time.seconds,
        used: plan.used?.seconds,
      },
      { name: "Floating-point operations", unit: "flops", predicted: plan.time.flops },
    ],
    stages: stages.map(({ name, seconds }) => ({ name, seconds })),
  };
}

/** Names that a reader sees for what `environment.json` holds. */
const environmentNames: Readonly<Record<string, string>> = {
  attune: "Attune",
  node: "Node",
  v8: "V8",
  platform: "System",
  processor: "Processor",
  cores: "Cores",
  memoryBytes: "Memory",
  device: "Device",
  threads: "Threads",
  features: "Instructions",
  gitRevision: "Git revision",
};

function environmentFacts(environment: JsonObject): Fact[] {
  return Object.entries(environment).map(([name, value]) => ({
    name: environmentNames[name] ?? name,
    value: name === "memoryBytes" ? formatQuantity(value as number, "bytes") : factText(value),
  }));
}

function factText(value: unknown): string {
  return value === null ? "none" : Array.isArray(value) ? value.join(", ") : String(value);
}
