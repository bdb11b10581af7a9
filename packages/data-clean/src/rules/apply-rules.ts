import { mapTexts, type StageCounters } from "@attune/data-core";
import { AttuneError, type TextRecord } from "@attune/spec";
import { basic } from "./basic.ts";
import { c4 } from "./c4.ts";
import { curator } from "./curator.ts";
import { fineweb } from "./fineweb.ts";
import { gopherQuality } from "./gopher-quality.ts";
import { gopherRepetition } from "./gopher-repetition.ts";
import type { RulePack } from "./quality-rule.ts";
import { createTextDocument } from "./text-document.ts";

/** The packs that come with this package. */
export const rulePacks: readonly RulePack[] = [basic, gopherQuality, gopherRepetition, c4, fineweb, curator];

/** Thresholds by full name, `pack/rule.minimum` or `pack/rule.maximum`. */
export type Thresholds = Readonly<Record<string, number>>;

/** Returns all thresholds of some packs at their defaults. */
export function defaultThresholds(packs: readonly RulePack[]): Thresholds {
  const entries = packs.flatMap((pack) => [
    ...Object.entries(pack.editThresholds ?? {}).map(([name, value]): [string, number] => [
      `${pack.id}/${name}`,
      value,
    ]),
    ...pack.rules.flatMap(({ name, minimum, maximum }) =>
      Object.entries({ minimum, maximum })
        .filter((entry): entry is [string, number] => entry[1] !== undefined)
        .map(([side, value]): [string, number] => [`${pack.id}/${name}.${side}`, value]),
    ),
  ]);
  return Object.fromEntries(entries);
}

/** Merges thresholds over the defaults. Throws `CONFIG_UNKNOWN_KEY` for a name that no rule of these packs has. */
export function resolveThresholds(packs: readonly RulePack[], given: Thresholds): Thresholds {
  const defaults = defaultThresholds(packs);
  const unknown = Object.keys(given).find((name) => !Object.hasOwn(defaults, name));
  if (unknown === undefined) return { ...defaults, ...given };
  throw new AttuneError(
    "CONFIG_UNKNOWN_KEY",
    `The threshold "${unknown}" belongs to no rule of the packs ${packs.map((pack) => pack.id).join(", ")}.`,
    {
      hint: `Known are: ${Object.keys(defaults).join(", ")}.`,
      details: { key: unknown },
    },
  );
}

/**
 * Asks the rules of the packs about a record. Returns it, or it with what packs edit out, or undefined when a rule drops
 * it; counts what happened under the rule's full name.
 */
export function applyRules(
  record: TextRecord,
  packs: readonly RulePack[],
  thresholds: Thresholds,
  counters: StageCounters,
): TextRecord | undefined {
  let current = record;
  for (const pack of packs) {
    if (pack.edit) {
      const edit = pack.edit;
      const edited = mapTexts(current, (text) =>
        edit(createTextDocument(text), (name) => thresholds[`${pack.id}/${name}`]!),
      );
      if (edited !== current) counters.changed(record, `${pack.id}/lines`);
      current = edited;
    }
    const document = createTextDocument(current.text);
    for (const rule of pack.rules) {
      const minimum = thresholds[`${pack.id}/${rule.name}.minimum`];
      const maximum = thresholds[`${pack.id}/${rule.name}.maximum`];
      const value = rule.measure(document);
      const below = minimum !== undefined && value < minimum;
      if (!below && (maximum === undefined || value <= maximum)) continue;
      counters.dropped(record, `${pack.id}/${rule.name}`, {
        value: Number(value.toPrecision(6)),
        threshold: below ? minimum : maximum!,
      });
      return undefined;
    }
  }
  return current;
}
