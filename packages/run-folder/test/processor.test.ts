import { arch, cpus, platform } from "node:os";
import { describe, expect, it } from "vitest";
import { machineKey, userCacheFile } from "../src/index.ts";
import { parseProcessor } from "../src/processor.ts";

const zen = (family: number, flags: string, megahertz: number): string =>
  [
    "processor\t: 0",
    "vendor_id\t: AuthenticAMD",
    `cpu family\t: ${family}`,
    "model\t\t: 17",
    "model name\t: AMD EPYC",
    "stepping\t: 1",
    `cpu MHz\t\t: ${megahertz}`,
    `flags\t\t: fpu ${flags}`,
    "power management:",
  ].join("\n");

describe("parseProcessor", () => {
  it("tells apart two generations of one name, and what one of them is allowed", () => {
    const older = parseProcessor(zen(25, "avx2", 2500));
    expect(older.generation).toBe("AuthenticAMD 25 17 1");
    expect(parseProcessor(zen(26, "avx2", 2500))).toEqual({ ...older, generation: "AuthenticAMD 26 17 1" });
    expect(parseProcessor(zen(25, "avx2 avx512f", 2500)).instructions).not.toBe(older.instructions);
  });

  it("heeds the first processor alone, and nothing that changes by itself", () => {
    expect(parseProcessor(`${zen(25, "avx2", 2500)}\n\n${zen(26, "", 1)}`)).toEqual(
      parseProcessor(zen(25, "avx2", 3401)),
    );
  });

  it("reads what ARM says", () => {
    const text =
      "processor\t: 0\nFeatures\t: fp asimd sve\nCPU implementer\t: 0x41\nCPU part\t: 0xd40\nCPU revision\t: 1\n";
    expect(parseProcessor(text)).toEqual({
      generation: "0x41 0xd40 1",
      instructions: expect.stringMatching(/^[0-9a-f]{16}$/),
    });
  });

  it("says nothing where nothing is said", () => {
    for (const text of ["", "\n\n", ":", "no colon here"]) expect(parseProcessor(text)).toEqual({});
  });
});

describe("machineKey", () => {
  it("names this processor, with its generation where the system tells it", () => {
    const { processor } = machineKey();
    expect(processor.name).toBe(cpus()[0]?.model.trim() || "unknown");
    if (platform() === "linux" && ["x64", "arm64"].includes(arch())) expect(processor.generation).toMatch(/\S/);
  });

  it("gives two generations two files", () => {
    const entry = (generation: string) => {
      const key = machineKey();
      return { folder: "cache", kind: "tile", key: { ...key, processor: { ...key.processor, generation } } };
    };
    expect(userCacheFile(entry("a"))).toBe(userCacheFile(entry("a")));
    expect(userCacheFile(entry("a"))).not.toBe(userCacheFile(entry("b")));
  });
});
