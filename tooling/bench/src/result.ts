import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { arch, availableParallelism, platform, release, totalmem } from "node:os";
import { processor } from "@attune/run-folder";
import type { JsonValue } from "@attune/spec";
import type { Measured } from "./interleave.ts";
import type { Row } from "./row.ts";
import { type Spread, spreadOf } from "./statistics.ts";

/** The machine that a row was measured on. */
export interface Machine {
  readonly cpu: string;
  /** Vendor, family, model and stepping, where the system tells: one name stands for several processors. */
  readonly generation?: string;
  /** A hash of its instruction sets. */
  readonly instructions?: string;
  readonly cores: number;
  readonly memoryBytes: number;
  readonly platform: string;
  readonly node: string;
  readonly v8: string;
}

/** What a page shows of a subject in a case. */
export interface ResultCell {
  readonly subject: string;
  readonly rate: Spread;
  readonly samples: number;
  /** How many times as fast the row's first subject is. */
  readonly firstIsFasterBy: Spread;
  /** Losses step by step, of rows that train. */
  readonly losses?: readonly number[];
}

/** A row that was measured. */
export interface RowResult {
  readonly id: string;
  readonly title: string;
  readonly unit: string;
  readonly date: string;
  /** A quick run that only proves that the row works. */
  readonly short: boolean;
  readonly machine: Machine;
  /** Commit of Attune, with "-dirty" behind it if the tree was changed. */
  readonly revision?: string;
  /** Processes that wanted a core on average when the row began and ended, beside what cores there are: more than 1 is noise. */
  readonly load: readonly [before: number, after: number];
  readonly cases: readonly { readonly name: string; readonly results: readonly ResultCell[] }[];
  readonly subjects: Measured["subjects"];
  readonly skipped: Measured["skipped"];
}

/** The machine that this runs on. */
export function describeMachine(): Machine {
  const { name, ...more } = processor();
  return {
    cpu: name,
    ...more,
    cores: availableParallelism(),
    memoryBytes: totalmem(),
    platform: `${platform()} ${arch()} ${release()}`,
    node: process.versions.node,
    v8: process.versions.v8,
  };
}

/** A name for files of results from one kind of machine. */
export function machineId({ cpu, generation = "", instructions = "", cores, node }: Machine): string {
  const parts = [cpu, generation, instructions, cores, node];
  return createHash("sha256").update(parts.join("|")).digest("hex").slice(0, 8);
}

/** The commit of this tree; undefined where it is none of git. */
function describeRevision(): string | undefined {
  const git = (...given: string[]) => spawnSync("git", given, { cwd: import.meta.dirname, encoding: "utf8" });
  const { status, stdout } = git("rev-parse", "--short=12", "HEAD");
  if (status !== 0) return undefined;
  return stdout.trim() + (git("status", "--porcelain", "--untracked-files=no").stdout === "" ? "" : "-dirty");
}

/** A row's result in its unit. */
export function toResult(
  row: Row,
  measured: Measured,
  context: { short: boolean; load: readonly [number, number] },
): RowResult {
  const { id, title, unit } = row;
  const cases = measured.cases.map(({ name, request, results }) => ({
    name,
    results: results.map(({ subject, samples, firstIsFasterBy }) => {
      const losses = samples.flatMap(({ loss }) => (typeof loss === "number" ? [loss] : []));
      return {
        subject,
        rate: spreadOf(samples.map((sample) => row.rate(sample, request))),
        samples: samples.length,
        firstIsFasterBy,
        ...(losses.length > 0 ? { losses } : {}),
      };
    }),
  }));
  const { subjects, skipped } = measured;
  const revision = describeRevision();
  return {
    id,
    title,
    unit,
    date: new Date().toISOString(),
    machine: describeMachine(),
    ...(revision === undefined ? {} : { revision }),
    ...context,
    cases,
    subjects,
    skipped,
  };
}

/** A row that could not be measured at all, and why. */
export function leftOut(
  row: Row,
  reason: string,
  context: { short: boolean; load: readonly [number, number] },
): RowResult {
  return toResult(row, { cases: [], subjects: [], skipped: [{ subject: "the whole row", reason }] }, context);
}

/** As JSON. */
export function resultJson(results: readonly RowResult[]): JsonValue {
  return { schemaVersion: 1, rows: results } as unknown as JsonValue;
}
