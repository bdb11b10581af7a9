// A file larger than the memory that it may take goes through every stage that a mail goes through. Part of `npm run test:full`.
import { createWriteStream, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { expect, test } from "vitest";
import { spawnAttune, temporaryFolder } from "./attune.ts";

const megabytes = Number(process.env["ATTUNE_TEST_MEGABYTES"] ?? 640);
/** Peak of a stage; a file of 2 GB took 271 (clean), 436 (dedup), 121 (pii) and 279 MB (split). */
const maxPeak = 512 * 2 ** 20;

/** Prints the peak of the process when it ends. */
const measured =
  "--import=data:text/javascript,process.on(%22exit%22,()=>process.stderr.write(%22peak%22+process.resourceUsage().maxRSS))";

/** A word of letters alone: digits are all alike to the dedup stage. */
const word = (number: number): string =>
  (number + 100_000).toString(18).replace(/\d/g, (digit) => "jklmnpqrst"[Number(digit)]!);

/** Words that there are: more than 2 GB have rows, so that rows begin at different words and none comes back. */
const vocabulary = 1_600_033;

/** Texts of 300 words; each twentieth repeats the one before it, each other twentieth all but one word of it. */
function* lines(rows: number): Generator<string> {
  let previous: string[] = [];
  for (let row = 0; row < rows; row++) {
    const words = Array.from({ length: 300 }, (_, place) =>
      word((row * 7919 + place * place * 31 + place) % vocabulary),
    );
    const text = row % 20 === 9 ? previous : row % 20 === 19 ? previous.with(150, "changed") : words;
    previous = words;
    const sender = `s${row >> 2}@example.org`;
    const record = { id: `r${row}`, text: `${text.join(" ")} ${sender}.`, label: row % 3 === 0 ? "a" : "b" };
    yield `${JSON.stringify({ ...record, metadata: { sender } })}\n`;
  }
}

test(`${megabytes} MB pass through clean, dedup, pii and split in bounded memory`, async () => {
  const folder = temporaryFolder();
  const path = (...parts: string[]): string => join(folder, ...parts);
  const rows = Math.round((megabytes * 2 ** 20) / 1950);
  await pipeline(Readable.from(lines(rows)), createWriteStream(path("rows.jsonl")));
  expect(statSync(path("rows.jsonl")).size).toBeGreaterThan(0.9 * megabytes * 2 ** 20);
  const funnel: Record<string, { read: number; kept: number }> = {};
  let input = path("rows.jsonl");
  for (const stage of ["clean", "dedup", "pii", "split"]) {
    const output = path(stage);
    const { code, stdout, stderr } = await spawnAttune(
      ["data", stage, "--input", input, "--output", output, "--json", "--quiet"],
      {
        environment: { NODE_OPTIONS: measured },
      },
    );
    expect({ code, stderr: stderr.replace(/peak\d+$/, "") }).toEqual({ code: 0, stderr: "" });
    expect(Number(/peak(\d+)$/.exec(stderr)![1]) * 1024, stage).toBeLessThan(maxPeak);
    const document = JSON.parse(stdout) as { funnel: { stage: string; read: number; kept: number }[] };
    for (const each of document.funnel) funnel[each.stage] = each;
    input = output;
  }
  expect(funnel["clean"]).toMatchObject({ read: rows, kept: rows });
  expect(funnel["dedup"]).toMatchObject({
    read: rows,
    kept: rows - Math.floor((rows + 10) / 20) - Math.floor(rows / 20),
  });
  expect(funnel["pii"]!.kept).toBe(funnel["dedup"]!.kept);
  const manifest = JSON.parse(readFileSync(path("split", "manifest.json"), "utf8")) as {
    report: { split: { leaks: number; sizes: Record<string, number> } };
  };
  expect(manifest.report.split.leaks).toBe(0);
  const { train, validation, test: judged } = manifest.report.split.sizes;
  expect(train! + validation! + judged!).toBe(funnel["split"]!.kept);
}, 1_800_000);
