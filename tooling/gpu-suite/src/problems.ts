// What a reader should know first, in sentences.
import type { SectionResult, SuiteResult } from "./result.ts";

const mostNamed = 8;

function ofSection(name: string, { state, why, items, passed, stopped, failures, found }: SectionResult): string[] {
  const unusable = (found["variants"] as { variant: string; usable: boolean; reason?: string }[] | undefined) ?? [];
  return [
    ...(state === "gave up" || state === "time limit"
      ? [`${name}: ${state} after ${passed} of ${items} items${stopped === undefined ? "" : `, in ${stopped}`}.`]
      : []),
    ...(state === "left out" && why !== undefined ? [`${name}: left out, ${why}.`] : []),
    ...failures.slice(0, mostNamed).map((each) => `${name}: ${each.name}: ${each.reason}`),
    ...(failures.length > mostNamed ? [`${name}: ${failures.length - mostNamed} further failures.`] : []),
    ...unusable.flatMap(({ variant, usable, reason }) =>
      usable ? [] : [`${name}: ${variant} is not used: ${reason}`],
    ),
  ];
}

/** The problems of a result, section by section in their order. */
export function problemsOf({ sections, state }: Pick<SuiteResult, "sections" | "state">): string[] {
  return [
    ...(state === "no GPU"
      ? ["No GPU was found: `environments` says what was tried, and what the loader printed."]
      : []),
    ...Object.entries(sections).flatMap(([name, section]) => ofSection(name, section)),
  ];
}

/** Whether a problem is a failure, not a capability that a device lacks or a section that there was no time for. */
export function hasFailed({ sections }: Pick<SuiteResult, "sections">): boolean {
  return Object.values(sections).some(({ state, failures }) => state === "gave up" || failures.length > 0);
}

/** A section's end in a line. */
export function endOf(name: string, { state, seconds, items, passed, failures, restarts }: SectionResult): string {
  const lost = restarts === 0 ? "" : `, ${restarts} processes lost`;
  return `${name}: ${state} in ${seconds.toFixed(0)} s, ${passed} of ${items} passed, ${failures.length} failed${lost}`;
}
