// Training that is stopped from outside and gone on with: by SIGKILL at seeded instants, and by a full disk. Nothing is lost.
import { mkdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { openFolder } from "@attune/run-folder";
import { createRandomSequence } from "@attune/tensor-core";
import { beforeAll, expect, test } from "vitest";
import { canMountSmallDisks, fillDisk, mountSmallDisk } from "../../../tooling/vitest/small-disk.ts";
import { type Finished, spawnAttune, temporaryFolder } from "./attune.ts";
import { pretrainTiny } from "./tiny-model.ts";

const folder = temporaryFolder();
const path = (...parts: string[]) => join(folder, ...parts);
const killPoints = fileURLToPath(new URL("../../../tooling/vitest/kill-points.ts", import.meta.url));

/** Runs that are killed again and again, and how often each; a soak test sets the variable. */
const chains = 4;
const killsPerChain = Number(process.env["ATTUNE_TEST_KILLS"] ?? 13);
/** Calls that change the file system: a start makes about 25, a checkpoint about 40, so a process writes at most two. */
const farthestCall = 110;
/** More than a chain reaches before its last kill. */
const steps = 4 * killsPerChain + 2;

let model = "";
let whole: Record<string, unknown> = {};

beforeAll(async () => {
  ({ model } = await pretrainTiny(folder));
  expect((await trainUntil("whole")).code).toBe(0);
  whole = outcome("whole");
}, 240_000);

/** Trains with a checkpoint after every second step; `killAt` names the call before which the process dies. */
function trainUntil(output: string, killAt?: number): Promise<Finished> {
  return spawnAttune(
    [
      ...["train", "--model", model, "--data", path("texts.jsonl"), "--output", path(output), "--resume"],
      ...["--rows", "2", "--block-length", "64", "--rank", "4", "--threads", "1", "--steps", String(steps)],
      ...["--set", "training.checkpointEvery=2"],
    ],
    {
      environment: {
        NODE_OPTIONS: `--import=${killPoints}`,
        NODE_COMPILE_CACHE: path("compiled"),
        ...(killAt === undefined ? {} : { KILL_AT: String(killAt), KILL_LOG: path(`${output}.log`) }),
      },
    },
  );
}

/** What has to be the same to the byte, and the metrics without their times. */
function outcome(output: string): Record<string, unknown> {
  const files = ["adapter/adapter_model.safetensors", "checkpoint/state.safetensors", "checkpoint/position.json"];
  const metrics = readFileSync(path(output, "metrics.jsonl"), "utf8").trimEnd().split("\n");
  return {
    ...Object.fromEntries(files.map((file) => [file, readFileSync(path(output, file)).toString("base64")])),
    metrics: metrics.map((line) => {
      const { seconds: _seconds, tokensPerSecond: _rate, ...rest } = JSON.parse(line) as Record<string, unknown>;
      return rest;
    }),
  };
}

test(`kill -9 at ${chains * killsPerChain} seeded instants, some inside a checkpoint's write and rename: --resume ends with the same bytes`, async () => {
  expect(whole["metrics"]).toHaveLength(steps);
  const killedBefore: string[] = [];

  const chain = async (name: string, seed: number): Promise<void> => {
    const random = createRandomSequence(seed, "instants");
    for (let kill = 0; kill < killsPerChain; kill++) {
      const { code, stderr } = await trainUntil(name, 1 + random.integer(farthestCall));
      expect({ code, stderr: code === null ? "" : stderr }).toEqual({ code: null, stderr: "" });
      // What survives a kill is a whole checkpoint or none.
      await openFolder(path(name, "checkpoint"));
    }
    expect((await trainUntil(name)).code).toBe(0);
    killedBefore.push(
      ...readFileSync(path(`${name}.log`), "utf8")
        .trim()
        .split("\n"),
    );
    expect(outcome(name)).toEqual(whole);
  };
  const names = Array.from({ length: chains }, (_, index) => `chain-${index}`);
  const lane = async (): Promise<void> => {
    for (let name = names.shift(); name !== undefined; name = names.shift()) await chain(name, names.length + 1);
  };
  await Promise.all([lane(), lane()]);

  expect(killedBefore).toHaveLength(chains * killsPerChain);
  const inCheckpoint = killedBefore.filter((call) => call.includes("checkpoint"));
  expect(inCheckpoint.some((call) => call.startsWith("rename"))).toBe(true);
  expect(inCheckpoint.some((call) => call.startsWith("write") || call.startsWith("sync"))).toBe(true);
}, 600_000);

test.skipIf(!canMountSmallDisks())(
  "a disk that is full when a checkpoint is written: exit 1 with a hint, the last checkpoint stands, --resume ends with the same bytes (needs root to mount tmpfs)",
  async () => {
    mkdirSync(path("disk"));
    mountSmallDisk(path("disk"), 1024);
    const output = join("disk", "run");
    // Killed in the second checkpoint, so that there is a first one.
    expect((await trainUntil(output, 75)).code).toBe(null);
    const step = (): number =>
      (JSON.parse(readFileSync(path(output, "checkpoint", "position.json"), "utf8")) as { position: { step: number } })
        .position.step;
    expect(step()).toBe(2);
    // Room for a lock and two checkpoints side by side, until the metrics have grown into it.
    const filler = fillDisk(path("disk"), 20);
    const full = await trainUntil(output);
    expect(full.code).toBe(1);
    expect(full.stderr).toMatch(/no space left on the disk.*\(DISK_FULL\)\nhint: .*Free some space/);
    await openFolder(path(output, "checkpoint"));
    expect(step()).toBeGreaterThanOrEqual(2);
    expect(step()).toBeLessThan(steps);
    rmSync(filler);
    expect((await trainUntil(output)).code).toBe(0);
    expect(outcome(output)).toEqual(whole);
  },
  240_000,
);
