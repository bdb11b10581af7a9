import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { interleave } from "../src/interleave.ts";
import type { SubjectCommand } from "../src/subject.ts";

/** A subject whose sample is a fixed number, and that dies at a request. */
function fake(name: string, seconds: number, dies = false, more = ""): SubjectCommand {
  const script = `console.log("noise"); console.log('@bench {"version":1}');
    process.stdin.setEncoding("utf8").on("data", (text) => { for (const line of text.trim().split("\\n")) {
      const request = JSON.parse(line);
      if (!("run" in request)) { console.log('@bench {"peakBytes":1024}'); process.exit(); }
      if (${dies}) { console.error("out of luck"); process.exit(3); }
      console.log("@bench " + JSON.stringify({ seconds: ${seconds} * request.run.scale ${more} })); } });`;
  return { name, launch: () => ({ command: process.execPath, arguments: ["--eval", script] }) };
}

describe("interleave", () => {
  it("lets subjects take turns and compares them with the first", async () => {
    const measured = await interleave([fake("a", 2), fake("b", 6)], { warmup: 1, counted: 3 }, [
      { name: "one", request: { scale: 1 } },
      { name: "ten", request: { scale: 10 } },
    ]);
    expect(measured.subjects).toEqual(["a", "b"].map((name) => ({ name, ready: { version: 1 }, peakBytes: 1024 })));
    expect(measured.skipped).toEqual([]);
    expect(
      measured.cases.map(({ results }) => results.map((each) => [each.seconds.median, each.samples.length])),
    ).toEqual([
      [
        [2, 3],
        [6, 3],
      ],
      [
        [20, 3],
        [60, 3],
      ],
    ]);
    expect(measured.cases[0]!.results[1]!.firstIsFasterBy).toEqual({ median: 3, low: 3, high: 3 });
  });

  it("compares by the token where rounds hold different numbers of them", async () => {
    const subjects = [fake("a", 2, false, ", tokens: 100"), fake("b", 2, false, ", tokens: 25")];
    const measured = await interleave(subjects, { warmup: 0, counted: 1 }, [{ name: "", request: { scale: 1 } }]);
    expect(measured.cases[0]!.results[1]!.firstIsFasterBy.median).toBe(4);
  });

  it("changes who begins", async () => {
    const directory = mkdtempSync(join(tmpdir(), "attune-turns-"));
    const log = join(directory, "turns");
    const noting = (name: string) =>
      fake(name, 1, false, `+ 0 * require("fs").appendFileSync(${JSON.stringify(log)}, "${name}")|0`);
    await interleave(["a", "b", "c"].map(noting), { warmup: 1, counted: 3 }, [{ name: "", request: { scale: 1 } }]);
    expect(readFileSync(log, "utf8")).toBe("abcbcacababc");
    rmSync(directory, { recursive: true });
  });

  it("leaves out a subject that cannot start or dies, with the reason", async () => {
    const absent = { name: "absent", launch: () => ({ command: "/no/such/program", arguments: [] }) };
    const uninstalled = {
      name: "uninstalled",
      launch: () => {
        throw new Error("pip install failed: no network\nmore of it");
      },
    };
    const measured = await interleave(
      [fake("a", 1), fake("dying", 1, true), absent, uninstalled],
      { warmup: 0, counted: 1 },
      [{ name: "", request: { scale: 1 } }],
    );
    expect(measured.cases[0]!.results.map(({ subject }) => subject)).toEqual(["a"]);
    expect(measured.skipped).toEqual([
      { subject: "absent", reason: expect.stringContaining("ENOENT") },
      { subject: "uninstalled", reason: "pip install failed: no network" },
      { subject: "dying", reason: "it ended with code 3: out of luck" },
    ]);
  });
});
