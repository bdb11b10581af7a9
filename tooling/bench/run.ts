/**
 * Benchmarks beside peers, interleaved in one run. Nothing else should run on the machine.
 *
 * npm run bench                        every row that is not done yet, about 40 minutes on two cores
 * npm run bench -- sgemm generate      rows whose name begins so
 * npm run bench -- --list              rows, with how long each takes
 * npm run bench -- --short block       proves that a row works; its numbers mean little
 * npm run bench -- --again sgemm       measures again what is done
 *
 * A row that is done is kept in the cache (ATTUNE_CACHE, or ~/.cache/attune) until the next day's first run or --again, so that a run that was
 * stopped goes on. The page and the JSON of all rows that are done are written to docs/benchmarks, or to --output DIR.
 * ATTUNE_TEST_DATA names the folder of real data that rows of fine-tuning need; ATTUNE_SMOLLM2 a folder of SmolLM2-135M.
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { loadavg } from "node:os";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { renderPage } from "./src/page.ts";
import { describeMachine, leftOut, machineId, type RowResult, resultJson, toResult } from "./src/result.ts";
import type { Row } from "./src/row.ts";
import { rows } from "./src/rows.ts";
import { cacheFolder } from "./src/workplace.ts";

const { values: flags, positionals: names } = parseArgs({
  allowPositionals: true,
  options: {
    list: { type: "boolean", default: false },
    short: { type: "boolean", default: false },
    again: { type: "boolean", default: false },
    output: { type: "string", default: join(import.meta.dirname, "../../docs/benchmarks") },
  },
});

const machine = describeMachine();
const today = new Date().toISOString().slice(0, 10);
const name = `${today}-${machineId(machine)}${flags.short ? "-short" : ""}`;
const done = join(cacheFolder, "bench-rows", name);
const fileOf = (row: Row): string => join(done, `${row.id}.json`);

/** Rows that could not be measured: on the page, but not done. */
const missing = new Map<string, RowResult>();

async function measure(row: Row): Promise<void> {
  process.stderr.write(`${row.id}: ${row.title}\n`);
  const before = loadavg()[0]! / machine.cores;
  const context = () => ({ short: flags.short, load: [before, loadavg()[0]! / machine.cores] as const });
  try {
    const measured = await row.run({ short: flags.short });
    writeFileSync(fileOf(row), JSON.stringify(toResult(row, measured, context())));
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    process.exitCode = 1;
    process.stderr.write(`${row.id} is left out: ${reason}\n`);
    missing.set(row.id, leftOut(row, reason.split("\n", 1)[0]!, context()));
  }
}

function write(): void {
  const results = rows.flatMap((row) =>
    existsSync(fileOf(row))
      ? [JSON.parse(readFileSync(fileOf(row), "utf8")) as RowResult]
      : (missing.get(row.id) ?? []),
  );
  const folder = resolve(flags.output);
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, `${name}.json`), `${JSON.stringify(resultJson(results), null, 1)}\n`);
  writeFileSync(join(folder, `${name}.html`), renderPage(results));
  process.stderr.write(`${join(folder, `${name}.html`)}\n`);
}

const chosen = rows.filter(({ id }) => names.length === 0 || names.some((each) => id.startsWith(each)));
if (flags.list || chosen.length === 0) {
  for (const { id, title, minutes } of rows)
    process.stdout.write(`${id.padEnd(16)} ${String(minutes).padStart(4)} min  ${title}\n`);
  if (chosen.length === 0) process.exitCode = 2;
} else {
  mkdirSync(done, { recursive: true });
  for (const row of chosen) {
    if (existsSync(fileOf(row)) && !flags.again) {
      process.stderr.write(`${row.id}: done before\n`);
      continue;
    }
    await measure(row);
    write();
  }
  write();
}
