// A whole run in small: what is done again when something changed, what an interrupted run ends with, and numbers held to the files
// that they were made of.
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { AttuneError, type ProgressEvent } from "@attune/spec";
import { beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { checkGates } from "../src/evaluate/gates.ts";
import {
  createToolbox,
  type EvaluationConfig,
  evaluateModel,
  type ResolvedRecipe,
  type RunOptions,
  type RunResult,
  resolveRecipe,
  runRecipe,
} from "../src/index.ts";
import { labelledRows, sharedFolder, tinyRecipe, writeRows, writeTinyModel } from "./tiny-model.ts";

const folder = sharedFolder();
const toolbox = createToolbox();
const data = join(folder, "rows.jsonl");
const general = join(folder, "general.jsonl");
const reference = join(folder, "reference");
const stageNames = ["plan", "evaluate base", "replay", "train", "evaluate adapted", "baselines", "merge"];
let model: string;
let result: RunResult;
let events: readonly string[];

function recipe(set: readonly string[] = [], text = tinyRecipe(model, data)): Promise<ResolvedRecipe> {
  const source = `evaluation.general.source.path=${general}`;
  return resolveRecipe({ file: join(folder, "tiny.yaml"), text, set: [source, ...set] });
}

async function run(output: string, options: Partial<RunOptions> = {}, set: readonly string[] = []): Promise<RunResult> {
  return runRecipe(await recipe(set), { toolbox, output, ...options });
}

/** A copy of the finished run, which a test may damage. */
function copyOfRun(): string {
  const copy = join(folder, `copy-${Math.random().toString(36).slice(2)}`);
  cpSync(reference, copy, { recursive: true });
  onTestFinished(() => rmSync(copy, { recursive: true, force: true }));
  return copy;
}

/** Names of stages that were computed, not taken from before. */
function computed({ stages }: RunResult): string[] {
  return stages.filter(({ cached }) => !cached).map(({ name }) => name);
}

/** Files that hold times, paths or what the engine found out about the machine. */
const filesOfTheMoment = ["plan.json", "report.html", "stages.json", "config.resolved.yaml", "environment.json"];

/** Every file of a run as text that must be equal, times left out. */
function contentsOf(output: string): Record<string, string> {
  const files = readdirSync(output, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name !== "timings.json")
    .map((entry) => join(entry.parentPath, entry.name));
  const timed = /"(seconds|tokensPerSecond|used|flopsPerSecond|peakBytes|bytes|memory|time)":/;
  const contents = files.map((file): [string, string] => {
    const name = relative(output, file);
    if (filesOfTheMoment.includes(name)) return [name, "present"];
    const text = readFileSync(file, "latin1").replaceAll(output, "RUN");
    if (name !== "metrics.jsonl") return [name, text];
    const lines = text
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line) as object);
    return [
      name,
      lines.map((line) => JSON.stringify(line, (key, value) => (timed.test(`"${key}":`) ? 0 : value))).join("\n"),
    ];
  });
  return Object.fromEntries(contents.sort(([left], [right]) => (left < right ? -1 : 1)));
}

beforeAll(async () => {
  model = await writeTinyModel(folder);
  writeRows(data, labelledRows(60));
  writeRows(
    general,
    labelledRows(12).map(({ id, text }) => ({ id, text: `${text} Another place.` })),
  );
  const names: string[] = [];
  result = await run(reference, { onProgress: ({ stage }) => names.push(stage) });
  events = names;
}, 300_000);

describe("stages", () => {
  it("are each done once, in order; a second run computes nothing and leaves every byte as it was", async () => {
    expect(result.stages.map(({ name }) => name).sort()).toEqual([...stageNames].sort());
    expect(computed(result)).toHaveLength(stageNames.length);
    const copy = copyOfRun();
    const before = contentsOf(copy);
    const again = await run(copy, { resume: true });
    expect(computed(again)).toEqual([]);
    expect(contentsOf(copy)).toEqual(before);
    expect(again.table).toEqual(result.table);
    expect(again.plan.used).toEqual(result.plan.used);
    // Threads change no number but the prediction's.
    expect(computed(await run(copy, { resume: true }, ["threads=2"]))).toEqual(["plan"]);
  }, 120_000);

  it.each([
    ["predictions of the base", (copy: string) => rmSync(join(copy, "eval", "base.jsonl")), ["evaluate base"]],
    ["a number in predictions", (copy: string) => edit(join(copy, "eval", "adapted.json")), ["evaluate adapted"]],
    ["a baseline", (copy: string) => rmSync(join(copy, "eval", "text.jsonl")), ["baselines"]],
    ["the merged model", (copy: string) => rmSync(join(copy, "merged"), { recursive: true }), ["merge"]],
    ["a byte of the adapter", (copy: string) => edit(join(copy, "adapter", "adapter_model.safetensors")), ["train"]],
  ] as const)(
    "without %s only its stage is done again, to the same bytes",
    async (_, damage, expected) => {
      const copy = copyOfRun();
      const before = contentsOf(copy);
      damage(copy);
      const again = await run(copy, { resume: true });
      expect(computed(again)).toEqual(expected);
      expect(contentsOf(copy)).toEqual(before);
    },
    120_000,
  );

  it("other general text is judged again, and nothing is trained again", async () => {
    const copy = copyOfRun();
    const kept = readFileSync(general, "utf8");
    onTestFinished(() => writeFileSync(general, kept));
    writeFileSync(general, kept.replaceAll("Another place", "Some other place"));
    const again = await run(copy, { resume: true });
    expect(computed(again)).toEqual(["plan", "evaluate base", "evaluate adapted"]);
    expect(again.table!.general!.bytes).not.toBe(result.table!.general!.bytes);
  }, 120_000);

  it("a profiled run ends with the same bytes, keeps the profile and draws it, also once nothing is trained any more", async () => {
    const output = join(folder, "profiled");
    const profiles: unknown[] = [];
    const onProfile = (profile: unknown) => profiles.push(profile);
    await run(output, { onProfile });
    const { "profile.json": kept, ...others } = contentsOf(output);
    expect(others).toEqual(contentsOf(reference));
    expect(profiles).toHaveLength(1);
    expect(JSON.parse(kept!)).toEqual(profiles[0]);
    const drawn = () => readFileSync(join(output, "report.html"), "utf8");
    expect(drawn()).toMatch(/Where the time of a training step went.*products.*The mean of steps 3 to \d+\./s);
    await run(output, { onProfile, resume: true });
    expect(profiles).toHaveLength(1);
    expect(drawn()).toContain("Where the time of a training step went");
    expect(readFileSync(join(reference, "report.html"), "utf8")).not.toContain(
      "Where the time of a training step went",
    );
  }, 120_000);

  it("another data file is another run from the first stage on", async () => {
    const copy = copyOfRun();
    const kept = readFileSync(data, "utf8");
    onTestFinished(() => writeFileSync(data, kept));
    writeFileSync(data, kept.replace("number 7 ", "number seven "));
    // The checkpoint is of other rows, and is refused instead of trained on.
    await expect(run(copy, { resume: true })).rejects.toMatchObject({ code: "RUN_MISMATCH" });
  }, 120_000);

  it("a folder of another configuration is refused with the keys that differ", async () => {
    await expect(run(copyOfRun(), { resume: true }, ["training.learningRate=0.5", "seed=9"])).rejects.toMatchObject({
      code: "RUN_MISMATCH",
      details: { keys: ["training.learningRate", "seed"] },
    });
    await expect(run(copyOfRun())).rejects.toMatchObject({ code: "FILE_EXISTS" });
  });

  it("data that other runs prepared is taken from the cache that they share", async () => {
    const cache = join(folder, "shared-cache");
    const first = join(folder, "first");
    const second = join(folder, "second");
    const short = [
      "training.steps=1",
      "training.evaluateEvery=null",
      "evaluation=null",
      "merge=null",
      "training.replay=null",
    ];
    await run(first, { cache }, short);
    const entries = readdirSync(cache).sort();
    await run(second, { cache }, [...short, "training.learningRate=0.001"]);
    expect(readdirSync(cache).sort()).toEqual(entries);
    const records = (run: string) => readFileSync(join(run, "data", "split", "records.jsonl"), "utf8");
    expect(records(second)).toBe(records(first));
    await run(join(folder, "third"), { cache }, [...short, "data.stages.split.seed=2"]);
    expect(readdirSync(cache).length).toBeGreaterThan(entries.length);
  }, 120_000);
});

describe("an interrupted run", () => {
  it("ends with the same bytes after an abort in every stage", async () => {
    const output = join(folder, "interrupted");
    const aborted = new Set<string>();
    // The k-th attempt is aborted at its k-th sign of progress and the next one goes on with what it left.
    for (let attempt = 1; attempt <= events.length; attempt++) {
      const controller = new AbortController();
      let seen = 0;
      let last = "";
      const onProgress = ({ stage }: ProgressEvent): void => {
        last = stage;
        if (++seen === attempt) controller.abort();
      };
      const ended = await run(output, { resume: true, signal: controller.signal, onProgress }).catch(
        (error: AttuneError) => error,
      );
      if (!AttuneError.is(ended)) break;
      expect(ended.code).toBe("ABORTED");
      aborted.add(last);
    }
    expect([...aborted].sort()).toEqual([...new Set(events)].sort());
    await run(output, { resume: true });
    expect(contentsOf(output)).toEqual(contentsOf(reference));
  }, 300_000);

  it("two runs in one folder: the second is refused while the first goes on", async () => {
    const output = join(folder, "shared");
    const first = run(output);
    const code = await (async () => {
      for (;;) {
        try {
          if (statSync(join(output, "config.resolved.yaml")).isFile()) break;
        } catch {
          await new Promise((resolve) => setTimeout(resolve, 5));
        }
      }
      return run(output, { resume: true });
    })().catch((error: AttuneError) => error);
    expect(code).toMatchObject({ code: "RUN_LOCKED", hint: expect.stringContaining("choose another output") });
    await first;
    expect(contentsOf(output)).toEqual(contentsOf(reference));
  }, 120_000);

  it("a run that failed before its first stage leaves the folder free for another try", async () => {
    const output = join(folder, "retried");
    const missing = `data.source.path=${join(folder, "missing.jsonl")}`;
    await expect(run(output, {}, [missing])).rejects.toMatchObject({ code: "FILE_NOT_FOUND" });
    const short = [
      "training.steps=1",
      "training.evaluateEvery=null",
      "evaluation=null",
      "merge=null",
      "training.replay=null",
    ];
    expect((await run(output, {}, short)).training.steps).toBe(1);
    await expect(run(output, {}, short)).rejects.toMatchObject({ code: "FILE_EXISTS" });
  }, 120_000);
});

describe("numbers", () => {
  const rowsOf = (name: string) =>
    readFileSync(join(reference, "eval", `${name}.jsonl`), "utf8")
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line) as Record<string, unknown>);

  it("forgetting is what the predictions of base and adapted model say", () => {
    const [before, after] = [rowsOf("base-general"), rowsOf("adapted-general")];
    const sum = (rows: typeof before, key: string): number =>
      rows.reduce((total, row) => total + (row[key] as number), 0);
    const bits = (rows: typeof before): number => -sum(rows, "logprob") / (sum(rows, "bytes") * Math.LN2);
    const forgotten = result.table!.general!;
    expect(forgotten.documents).toBe(4);
    expect(forgotten.before).toBeCloseTo(bits(before), 12);
    expect(forgotten.after).toBeCloseTo(bits(after), 12);
    expect(forgotten.difference.value).toBeCloseTo(bits(after) - bits(before), 12);
    const ratio = Math.exp((sum(before, "logprob") - sum(after, "logprob")) / sum(before, "tokens"));
    expect(forgotten.perplexityRatio.value).toBeCloseTo(ratio, 12);
    expect(ratio).not.toBe(1);
  });

  it("accuracy, F1 and the comparison are what the predictions say; the baselines stand on the same records", () => {
    const [base, adapted] = [rowsOf("base"), rowsOf("adapted")];
    const right = (rows: typeof base) => rows.map((row) => row["label"] === row["prediction"]);
    const accuracy = (rows: typeof base) => right(rows).filter(Boolean).length / rows.length;
    const count = (label: string, prediction: string) =>
      adapted.filter((row) => row["label"] === label && row["prediction"] === prediction).length;
    const rowOf = (id: string) => result.table!.rows.find((row) => row.id === id)!;
    expect(result.table!.rows.map(({ id }) => id)).toEqual(["majority", "text", "base", "adapted"]);
    expect(rowOf("base").scores["accuracy"]!.value).toBe(accuracy(base));
    expect(rowOf("adapted").scores["accuracy"]!.value).toBe(accuracy(adapted));
    const twice = 2 * count("spam", "spam");
    const f1 = twice === 0 ? 0 : twice / (twice + count("ham", "spam") + count("spam", "ham"));
    expect(rowOf("adapted").scores["f1"]!.value).toBeCloseTo(f1, 12);
    const compared = result.table!.comparisons.find(({ metric }) => metric === "accuracy")!;
    expect(compared.difference).toBeCloseTo(accuracy(adapted) - accuracy(base), 12);
    for (const id of ["majority", "text"])
      expect(rowsOf(id).map((row) => row["id"])).toEqual(base.map((row) => row["id"]));
    for (const { n, scores } of result.table!.rows) {
      expect(n).toBe(base.length);
      const { low, value, high } = scores["accuracy"]!;
      expect(low <= value && value <= high).toBe(true);
    }
  });

  it("a gate holds the adapted model to its limits, from below or, where lower is better, from above", () => {
    const score = (id: string) => result.table!.rows.find((row) => row.id === "adapted")!.scores[id]!.value;
    const { accuracy, brier } = { accuracy: score("accuracy"), brier: score("brier") };
    const passed = (gate: Record<string, number>) =>
      checkGates({ gate } as unknown as EvaluationConfig, result.table!).map((each) => each.passed);
    expect(passed({ accuracy, brier })).toEqual([true, true]);
    expect(passed({ accuracy: accuracy + 0.01, brier: brier - 0.01 })).toEqual([false, false]);
    expect(passed({ accuracy: accuracy - 0.01, brier: brier + 0.01 })).toEqual([true, true]);
    expect(checkGates({ gate: { brier: 0 } } as unknown as EvaluationConfig, result.table!)).toEqual([
      { metric: "brier", limit: 0, higherIsBetter: false, value: brier, passed: false },
    ]);
  });

  it("records that the adapter has learnt from, once the data changed, are counted beside its numbers", async () => {
    const partsOf = (run: string) =>
      readFileSync(join(run, "data", "split", "records.jsonl"), "utf8")
        .trim()
        .split("\n")
        .map((line) => JSON.parse(line) as { text: string; metadata: { split: string } });
    const textsOf = (run: string, part: string) =>
      partsOf(run).flatMap(({ text, metadata }) => (metadata.split === part ? [text] : []));
    const judge = async (path: string, used: readonly string[]) => {
      const judged = await recipe([...used, `data.source.path=${path}`]);
      const output = mkdtempSync(join(folder, "judged-"));
      const { table } = await evaluateModel(judged, { toolbox, output });
      return { cautions: table.cautions, output };
    };
    const adapter = [`adapter=${join(reference, "adapter")}`];
    const renamed = labelledRows(60).map((row, index) => ({
      ...row,
      id: `new ${index}`,
      text: row.text.toUpperCase(),
    }));
    const changed = writeRows(join(folder, "changed.jsonl"), renamed);
    expect((await judge(data, adapter)).cautions).toEqual([]);

    const { cautions, output } = await judge(changed, adapter);
    const trained = new Set(textsOf(reference, "train").map((text) => text.toUpperCase()));
    const seen = textsOf(output, "test").filter((text) => trained.has(text)).length;
    expect(seen).toBeGreaterThan(0);
    expect(cautions).toEqual([
      `Too good to be true: ${seen} of these 12 records were trained on by the run in ${reference}. Judge by records that it has not seen.`,
    ]);
    const merged = [`model=${join(reference, "merged")}`];
    expect((await judge(changed, merged)).cautions).toEqual(cautions);
    expect((await judge(changed, [...adapter, "evaluation.part=train"])).cautions).toEqual([]);
    expect((await judge(changed, [])).cautions).toEqual([]);
  }, 120_000);

  it("parts are counted over the records that are used, with no leak between them", () => {
    const { parts, leaks, groups } = result.data;
    expect(parts.map(({ name, records }) => [name, records])).toEqual([
      ["train", 36],
      ["validation", 12],
      ["test", 12],
    ]);
    expect(parts[2]!.perClass).toEqual({ ham: 6, spam: 6 });
    expect([leaks, groups!.count]).toEqual([0, 60]);
  });

  it("the plan was written before the first step and has what was used beside it", () => {
    const plan = JSON.parse(readFileSync(join(reference, "plan.json"), "utf8")) as RunResult["plan"];
    expect(plan).toEqual(JSON.parse(JSON.stringify(result.plan)));
    expect(plan.used!.peakBytes).toBeGreaterThan(2 ** 20);
    const order = result.stages.map(({ name }) => name);
    expect(order.indexOf("plan")).toBeLessThan(order.indexOf("train"));
    const own = result.stages.filter(({ name }) => name !== "plan").reduce((sum, { seconds }) => sum + seconds, 0);
    expect(plan.used!.seconds).toBeCloseTo(own, 9);
  });
});

/** Changes the last byte but one of a file, in its place. */
function edit(file: string): void {
  const bytes = readFileSync(file);
  bytes[bytes.length - 2]! ^= 1;
  writeFileSync(file, bytes);
}
