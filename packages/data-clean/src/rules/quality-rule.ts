import type { TextDocument } from "./text-document.ts";

/** A measure of a text with the range in which it is kept. */
export interface QualityRule {
  /** Name, unique in its pack. */
  readonly name: string;
  /** What is measured. */
  measure(document: TextDocument): number;
  /** Dropped below this. */
  readonly minimum?: number | undefined;
  /** Dropped above this. */
  readonly maximum?: number | undefined;
}

/** Rules of one origin; options turn whole packs on and change single thresholds by name. */
export interface RulePack {
  /** Name of the pack. */
  readonly id: string;
  /** Where the rules and their numbers come from, and which variant they follow. */
  readonly origin: string;
  /** Thresholds of `edit`, by name. */
  readonly editThresholds?: Readonly<Record<string, number>> | undefined;
  /** Changes a text before the rules see it, for example by dropping lines. */
  edit?(document: TextDocument, threshold: (name: string) => number): string;
  /** Rules that keep or drop the whole text, in the order in which they are asked. */
  readonly rules: readonly QualityRule[];
}

/** Share of the values for which the test holds; 0 when there are none. */
export function shareOf<T>(values: readonly T[], test: (value: T) => boolean): number {
  let count = 0;
  for (const value of values) if (test(value)) count += 1;
  return values.length === 0 ? 0 : count / values.length;
}

/** Number of matches of a global pattern. */
export function countMatches(text: string, pattern: RegExp): number {
  let count = 0;
  for (const _ of text.matchAll(pattern)) count += 1;
  return count;
}
