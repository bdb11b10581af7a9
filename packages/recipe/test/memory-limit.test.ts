import { createCpuBackend } from "@attune/backend-cpu";
import { AttuneError } from "@attune/spec";
import { describe, expect, it } from "vitest";
import { memoryLimit } from "../src/toolbox/memory-limit.ts";
import { openDevice } from "../src/toolbox/open-device.ts";
import { createToolbox } from "../src/toolbox/toolbox.ts";

const toolbox = createToolbox();
const total = 24 * 2 ** 30;

describe("memoryLimit", () => {
  it.each([
    ["12GB", 12e9],
    ["6.5GiB", 6.5 * 2 ** 30],
    ["800 MB", 8e8],
    ["16GiB", 2 ** 34],
    ["1KiB", 1024],
  ])("reads %s", (size, bytes) => {
    expect(memoryLimit(size, total)).toBe(bytes);
  });

  it.each(["", "12", "12 gb", "-1GB", "1e3MB", "0GB", "GB", "12GBs", "1,5GB", "0x10MB"])("refuses %j", (size) => {
    expect(() => memoryLimit(size, total)).toThrow(
      expect.objectContaining({ code: "OPTIONS_INVALID", details: { key: "memory" } }),
    );
  });

  it("says what an engine, and this machine, can hold", () => {
    expect(() => memoryLimit("17GiB", total)).toThrow(/16\.0 GiB at most/);
    expect(() => memoryLimit("12GiB", 8 * 2 ** 30)).toThrow(/8\.00 GiB of memory, and 12GiB is asked for/);
  });
});

describe("the memory of a device", () => {
  const capabilitiesWith = async (memory: string | null) => {
    const runtime = await openDevice(toolbox, { device: "cpu", threads: 1, memory });
    const { maxBindingBytes } = runtime.backend.capabilities;
    await runtime.dispose();
    return maxBindingBytes;
  };

  it("is 4 GiB, or what is asked for", async () => {
    expect(await capabilitiesWith(null)).toBe(2 ** 32);
    expect(await capabilitiesWith("256MiB")).toBe(2 ** 28);
    expect(await capabilitiesWith("5GiB")).toBe(5 * 2 ** 30);
  });

  it("is asked of the CPU alone", async () => {
    await expect(openDevice(toolbox, { device: "webgpu", memory: "5GiB" })).rejects.toMatchObject({
      code: "CONFIG_INCOMPATIBLE",
      details: { key: "memory" },
    });
  });

  it("is named where it does not suffice", async () => {
    const backend = createCpuBackend({ threads: 1, maxBytes: 2 ** 20, tileCache: false });
    const error = await backend.allocate("arena", 2 ** 21).catch((thrown: unknown) => thrown as AttuneError);
    await backend.dispose();
    expect(error).toBeInstanceOf(AttuneError);
    expect(error).toMatchObject({ code: "MEMORY_EXCEEDED", hint: expect.stringMatching(/--memory.*maxBytes/) });
  });
});
