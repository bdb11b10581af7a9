import { funnelOf } from "@attune/data-core";
import type { DataSection, FunnelStage, SplitPart } from "@attune/report";
import type { RecipeData } from "../data/recipe-data.ts";

/** Rules of a stage that are shown. */
const shownRules = 8;

/** The funnel of the data and its parts. */
export function dataSection({ prepared, parts, summary }: RecipeData, unit: string): DataSection {
  const stages = funnelOf(prepared.manifests).map(
    ({ stage, kept, rules }): FunnelStage => ({
      name: stage,
      count: kept,
      dropped: rules.filter(({ action }) => action === "dropped").slice(0, shownRules),
      changed: rules.filter(({ action }) => action === "changed").slice(0, shownRules),
    }),
  );
  const { split } = prepared;
  const limited = (["train", "validation", "test"] as const).filter(
    (part) => parts[part].length < parts.available[part],
  );
  return {
    unit,
    stages,
    parts:
      split === undefined
        ? summary.parts.map(({ name, records, perClass }) => ({ name, count: records, perLabel: perClass }))
        : Object.entries(split.sizes).map(([name, count]) => partOf(name, count, split.perClass)),
    leaks: summary.leaks,
    notes: limited.map(
      (part) => `Of the ${part} part, ${parts[part].length} of ${parts.available[part]} ${unit} were drawn.`,
    ),
  };
}

function partOf(
  name: string,
  count: number,
  perClass: Readonly<Record<string, Readonly<Record<string, number>>>>,
): SplitPart {
  return { name, count, perLabel: perClass[name] };
}
