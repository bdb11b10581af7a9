// A section from its first child process to its last: an item that took its child along is a failure, and the next child begins behind it.
import { resumed, type SectionResult } from "./result.ts";
import { runWorker, type WorkerEnd } from "./run-worker.ts";
import type { Section, SuiteOptions } from "./section.ts";
import type { WorkerLine } from "./worker-line.ts";

/** How a section is run. */
export interface SectionRun {
  readonly options: SuiteOptions;
  readonly folder: string;
  readonly environment: Readonly<Record<string, string>>;
  /** What an earlier run of it has left. */
  readonly earlier?: SectionResult | undefined;
  /** The module that child processes run; replaced in tests. */
  readonly worker?: string | undefined;
  /** Milliseconds that it has. */
  readonly limit: number;
  /** Called with what is known so far, after every item. */
  readonly onChange: (result: SectionResult) => void;
}

/** Children that may be lost before the section is given up: a driver that is broken stays so. */
const mostRestarts = 12;
/** Failures that are kept with all that is known of them; of further ones only the sentence. */
const mostDetailed = 60;
const mostSlow = 12;

/** Runs a section. */
export async function runSection(section: Section, run: SectionRun): Promise<SectionResult> {
  const result = resumed(run.earlier);
  const before = result.seconds;
  const start = performance.now();
  const update = (): void => {
    result.seconds = before + (performance.now() - start) / 1000;
    run.onChange(result);
  };
  const shards = section.shards ?? 1;
  const ends = await Promise.all(
    Array.from({ length: shards }, (_, shard) => runShard(section, run, { shard, shards, start, result, update })),
  );
  result.state = ends.find((state) => state !== "done") ?? "done";
  update();
  return result;
}

interface Shard {
  readonly shard: number;
  readonly shards: number;
  readonly start: number;
  readonly result: SectionResult;
  readonly update: () => void;
}

async function runShard(
  section: Section,
  { options, folder, environment, limit, worker }: SectionRun,
  { shard, shards, start, result, update }: Shard,
): Promise<SectionResult["state"]> {
  let from = result.next[shard] ?? 0;
  const goOnAt = (index: number): void => {
    from = index;
    result.next[shard] = index;
  };
  while (true) {
    let current: (RunningItem & { readonly index: number }) | undefined;
    const onLine = (line: WorkerLine): void => {
      if (line.say === "start") current = { index: line.index, name: line.name };
      if (line.say === "doing" && current !== undefined) current.doing = line.text;
      if (line.say === "found" || line.say === "failed") {
        noteItem(result, current!.name, line);
        goOnAt(line.index + 1);
        current = undefined;
      }
      if (line.say === "items") result.items = line.count;
      if (line.say === "broken") result.failures.push(line.failure);
      if (line.say === "notice" && !result.notices.includes(line.text)) result.notices.push(line.text);
      update();
    };
    const remaining = limit - (performance.now() - start);
    const request = { section: section.name, options, folder, shard, shards, from };
    const end = await runWorker(request, {
      environment,
      silence: section.itemSeconds * 1000,
      remaining,
      worker,
      onLine,
    });
    if (end.printed !== "") result.printed = `${result.printed}${end.printed}`.slice(-12_000);
    if (end.how === "end") return "done";
    if (end.how === "late") {
      if (current !== undefined) result.stopped = describe(current);
      return "time limit";
    }
    if (end.how === "broken") return "gave up";
    noteEnd(result, current, end);
    if (current !== undefined) goOnAt(current.index + 1);
    else if (end.how !== "again") return "gave up";
    if (++result.restarts > mostRestarts) return "gave up";
    update();
  }
}

function noteItem(result: SectionResult, name: string, line: Extract<WorkerLine, { say: "found" | "failed" }>): void {
  if (line.say === "found") {
    result.passed++;
    if (line.value !== undefined) result.found[name] = line.value;
  } else {
    const { details, stack: _, ...short } = line.failure;
    const detailed = result.failures.length < mostDetailed && details !== undefined;
    result.failures.push(detailed ? line.failure : short);
  }
  const slow = [...Object.entries(result.slowest), [name, Math.round(line.milliseconds)] as const];
  result.slowest = Object.fromEntries(slow.sort((left, right) => right[1] - left[1]).slice(0, mostSlow));
}

/** A child that ended before it said so: the item it was in is to blame, or nothing that is known. */
function noteEnd(result: SectionResult, current: RunningItem | undefined, end: WorkerEnd): void {
  if (end.how === "again") return;
  const at = current?.doing === undefined ? "" : ` while it was at: ${current.doing}`;
  const reason = `its process was lost${at}: ${end.why}`;
  result.failures.push({ name: current?.name ?? "between two items", reason, details: end.printed.slice(-2000) });
}

function describe({ name, doing }: RunningItem): string {
  return doing === undefined ? name : `${name}: ${doing}`;
}

/** An item that is under way. */
interface RunningItem {
  readonly name: string;
  doing?: string;
}
