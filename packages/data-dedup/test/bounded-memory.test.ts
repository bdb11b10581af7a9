import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { describe, expect, it } from "vitest";
import { words } from "./helpers.ts";

/** Megabytes of the generated file. */
const megabytes = Number(process.env["ATTUNE_TEST_MEGABYTES"] ?? 16);

describe("bounded memory", () => {
  it(`takes ${megabytes} MB of JSON Lines through dedup and split in a heap of a fraction`, {
    timeout: 600_000,
  }, async () => {
    const folder = await mkdtemp(join(tmpdir(), "attune-bounded-"));
    try {
      const rows = Math.round((megabytes * 2 ** 20) / 2000);
      async function* content() {
        for (let start = 0; start < rows; start += 500) {
          let lines = "";
          for (let row = start; row < Math.min(rows, start + 500); row++) {
            // Each tenth repeats the one before it, but for one word of 250.
            const seed = row % 10 === 9 ? row - 1 : row;
            const text = words(seed, 250);
            if (seed !== row) text[120] = "changed";
            lines += `${JSON.stringify({ text: text.join(" "), label: row % 3 ? "a" : "b" })}\n`;
          }
          yield lines;
        }
      }
      const path = join(folder, "rows.jsonl");
      await writeFile(path, content());
      const script = join(import.meta.dirname, "bounded-memory.program.ts");
      const heap = megabytes > 100 ? 128 : 12;
      const flags = [`--max-old-space-size=${heap}`, "--conditions=@attune/source", script, path, join(folder, "out")];
      const { stdout } = await promisify(execFile)(process.execPath, flags);
      const [dedup, split] = JSON.parse(stdout) as [{ read: number; dropped: number }, { kept: number }];
      expect(dedup.read).toBe(rows);
      expect(dedup.dropped).toBe(Math.floor(rows / 10));
      expect(split.kept).toBe(rows - dedup.dropped);
      expect((await readFile(join(folder, "out", "split", "manifest.json"), "utf8")).includes('"leaks": 0')).toBe(true);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });
});
