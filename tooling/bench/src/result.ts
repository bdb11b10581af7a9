import { createHash } from "node:crypto";
import { arch, availableParallelism, cpus, platform, release, totalmem } from "node:os";
import type { JsonValue } from "@attune/spec";
import type { Measured } from "./interleave.ts";
import type { Row } from "./row.ts";
import { type Spread, spreadOf } from "./statistics.ts";

/** The machine that a row was measured on. */
export interface Machine {
  readonly cpu: string;
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
  /** Processes that wanted a core on average when the row began and ended, beside what cores there are: more than 1 is noise. */
  readonly load: readonly [before: number, after: number];
  readonly cases: readonly { readonly name: string; readonly results: readonly ResultCell[] }[];
  readonly subjects: Measured["subjects"];
  readonly skipped: Measured["skipped"];
}

/** The machine that this runs on. */
export function describeMachine(): Machine {
  return {
    cpu: cpus()[0]?.model.trim() ?? "unknown",
    cores: availableParallelism(),
    memoryBytes: totalmem(),
    platform: `${platform()} ${arch()} ${release()}`,
    node: process.versions.node,
    v8: process.versions.v8,
  };
}

/** A name for files of results from one kind of machine. */
export function machineId({ cpu, cores, node }: Machine): string {
  return createHash("sha256").update(`${cpu}|${cores}|${node}`).digest("hex").slice(0, 8);
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
  return {
    id,
    title,
    unit,
    date: new Date().toISOString(),
    machine: describeMachine(),
    ...context,
    cases,
    subjects,
    skipped,
  };
}

/** As JSON. */
export function resultJson(results: readonly RowResult[]): JsonValue {
  return { schemaVersion: 1, rows: results } as unknown as JsonValue;
}
