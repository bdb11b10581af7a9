/**
 * Conformance, training and speed of the WebGPU backend on the GPU of this machine, as one JSON document.
 *
 * node gpu-suite.ts                    about 10 minutes; writes gpu-suite-result.json as it goes
 * node gpu-suite.ts --quick            a part of everything, within 3 minutes
 * node gpu-suite.ts --resume           only the sections that the file of results lacks
 *
 * --output FILE    the file of results
 * --minutes N      ends by then, whatever is left
 * --only a,b       sections: device, variants, conformance-f32, training, speed, step, conformance-f16, large, leak
 * --adapter NAME   part of the GPU's name, in a machine with several
 * --peaks NAME     what the device reaches at most, if its name does not say so: h100, or f32=14.2e12,bandwidth=400e9
 * --flags a,b      flags for Dawn, such as backend=vulkan
 * --software       goes on where there is only a GPU in software
 *
 * Exit code 1 if something failed, 4 without a GPU.
 */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { AttuneError, errorExitCode, type JsonObject } from "@attune/spec";
import { findEnvironments, isHardware } from "./src/find-environment.ts";
import { describeMachine, gpuState } from "./src/machine.ts";
import { peaksOf } from "./src/peaks.ts";
import { endOf, hasFailed, problemsOf } from "./src/problems.ts";
import { emptyResult, type SuiteResult } from "./src/result.ts";
import { createResultFile, earlierResult, type ResultFile } from "./src/result-file.ts";
import { runSection } from "./src/run-section.ts";
import type { Section, SuiteOptions } from "./src/section.ts";
import { sections } from "./src/sections/index.ts";

const { values } = parseArgs({
  options: {
    quick: { type: "boolean", default: false },
    resume: { type: "boolean", default: false },
    output: { type: "string", default: "gpu-suite-result.json" },
    minutes: { type: "string" },
    only: { type: "string" },
    adapter: { type: "string" },
    peaks: { type: "string" },
    flags: { type: "string" },
    software: { type: "boolean", default: false },
  },
});

const say = (sentence: string): void => void process.stderr.write(`${sentence}\n`);
const started = performance.now();
const minutes = Number(values.minutes ?? (values.quick ? 3 : 10));
/** Milliseconds that are left; some seconds are kept to end in order. */
const left = (): number => minutes * 60_000 - 5000 - (performance.now() - started);

/** What pack.mjs wrote about the folder; nothing where the suite runs from the repository. */
function packedFrom(): JsonObject {
  try {
    return JSON.parse(readFileSync(join(import.meta.dirname, "packed.json"), "utf8")) as JsonObject;
  } catch {
    return {};
  }
}

function wantedSections(): readonly Section[] {
  const names = values.only?.split(",");
  const unknown = names?.find((name) => !sections.some((section) => section.name === name));
  if (unknown !== undefined) {
    throw new AttuneError("ID_UNKNOWN", `There is no section "${unknown}".`, {
      hint: `Sections are ${sections.map(({ name }) => name).join(", ")}.`,
    });
  }
  return sections.filter(({ name }) => names?.includes(name) ?? true);
}

/** Why a section is not run, undefined where it is. */
function reasonToSkip(section: Section, isSoftware: boolean): string | undefined {
  if (values.quick && section.quickSeconds === undefined) return "this is a quick run";
  if (section.needsHardware && isSoftware) return "the GPU is one in software";
  if (left() < 10_000) return "there was no time left for it";
  return undefined;
}

async function runAll(result: SuiteResult, file: ResultFile, folder: string): Promise<void> {
  const best = result.environments.at(-1)!;
  const variables = { ...best.variables, XDG_CACHE_HOME: join(folder, "cache") };
  for (const section of wantedSections()) {
    const { name, title } = section;
    const earlier = result.sections[name];
    if (earlier?.state === "done") continue;
    const skip = reasonToSkip(section, !isHardware(best));
    if (skip !== undefined) {
      result.sections[name] = { ...emptyResult(), state: "left out", why: skip };
      say(`${name}: left out, ${skip}`);
      continue;
    }
    say(`${name}: ${title}`);
    const seconds = values.quick ? section.quickSeconds! : section.seconds;
    const made = await runSection(section, {
      options: result.options,
      folder,
      environment: variables,
      earlier,
      limit: Math.min(seconds * 1000, left()),
      onChange(changed) {
        result.sections[name] = changed;
        result.problems = problemsOf(result);
        file.write();
      },
    });
    const state = gpuState();
    result.sections[name] = { ...made, ...(state === undefined ? {} : { gpu: state }) };
    result.problems = problemsOf(result);
    file.write(true);
    say(`  ${endOf(name, made)}`);
  }
}

async function main(): Promise<number> {
  const path = resolve(values.output);
  const earlier = earlierResult(path, values.resume, values.quick);
  const folder = mkdtempSync(join(tmpdir(), "gpu-suite-"));
  process.on("exit", () => rmSync(folder, { recursive: true, force: true }));
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => process.exit(130));
  const asked = { quick: values.quick, flags: values.flags?.split(","), adapter: values.adapter };
  const environments = findEnvironments({ ...asked, peaks: values.peaks }, folder);
  const best = environments.at(-1)!;
  const options: SuiteOptions = { ...asked, peaks: values.peaks ?? peaksOf(best.adapter) };
  const result: SuiteResult = {
    version: 2,
    state: "running",
    problems: [],
    started: earlier?.started ?? new Date().toISOString(),
    options,
    packed: packedFrom(),
    machine: describeMachine(),
    environments,
    ...(best.adapter === undefined ? {} : { adapter: best.adapter }),
    sections: earlier?.sections ?? {},
  };
  const file = createResultFile(path, result);
  const usable = isHardware(best) || (values.software && best.adapter !== undefined);
  say(`GPU: ${JSON.stringify(best.adapter?.info ?? best.error)} (environment: ${best.name})`);
  if (usable) {
    file.write(true);
    await runAll(result, file, folder);
  }
  const complete = sections.every(({ name }) => result.sections[name]?.state === "done");
  result.state = usable ? (complete ? "complete" : "incomplete") : "no GPU";
  result.problems = problemsOf(result);
  result.ended = new Date().toISOString();
  file.write(true);
  say(result.problems.length === 0 ? "Nothing is wrong." : `What is wrong:\n  ${result.problems.join("\n  ")}`);
  say(`${path} (${result.state})`);
  if (!usable) return errorExitCode("DEVICE_UNAVAILABLE");
  return hasFailed(result) ? 1 : 0;
}

try {
  process.exitCode = await main();
} catch (error) {
  if (!AttuneError.is(error)) throw error;
  say(`error: ${error.message} (${error.code})${error.hint === undefined ? "" : `\nhint: ${error.hint}`}`);
  process.exitCode = errorExitCode(error.code);
}
