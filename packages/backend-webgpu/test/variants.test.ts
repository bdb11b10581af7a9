// Shaders that drivers crash on are tried in a child process; whatever happens there costs this one nothing, and is remembered.
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { Backend, KernelDef, WebgpuKernelCode } from "@attune/tensor-core";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { createPlanningBackend, createWebgpuBackend } from "../src/index.ts";
import { webgpuKernels } from "../src/kernels/index.ts";
import { judgeInChild } from "../src/variants/judge-in-child.ts";
import { judgeInPlace } from "../src/variants/judge-in-place.ts";
import { findWrongProducts, hidesOverflow } from "../src/variants/self-test.ts";
import { withoutDenied } from "../src/variants/variant.ts";
import { nullGpu, skipReason, softwareGpu } from "./open-test-device.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "attune-variants-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const info = { vendor: "acme", architecture: "one", device: "1", description: "driver 7" } as GPUAdapterInfo;
const hello = `console.log(JSON.stringify({ adapter: ${JSON.stringify(info)} }));\n`;

/** Judges with a child that runs this program. */
function judge(program: string, change: { info?: GPUAdapterInfo; flags?: readonly string[] } = {}) {
  const worker = join(mkdtempSync(join(folder, "worker-")), "worker.mjs");
  writeFileSync(worker, program);
  return judgeInChild("f16-products", {
    device: change.flags === undefined ? {} : { flags: change.flags },
    info: change.info ?? info,
    folder: join(folder, "cache"),
    timeout: 2000,
    worker: pathToFileURL(worker),
  });
}

const says = (verdict: unknown): string =>
  `${hello}console.log(JSON.stringify({ verdict: ${JSON.stringify(verdict)} }));`;
const kept = (): string[] => readdirSync(join(folder, "cache"));
const right = says({ usable: true });

describe("a variant in a child process", () => {
  it.each([
    ["is killed", `${hello}process.kill(process.pid, "SIGKILL");`, "it ended a child process: signal SIGKILL"],
    ["aborts", `${hello}process.abort();`, "it ended a child process: signal SIGABRT"],
    ["hangs", `${hello}setInterval(() => {}, 100);`, "it ended a child process: no answer within 2000 ms"],
    ["answers in riddles", says({ usable: "yes" }), "it ended a child process: exit code 0"],
    ["computes wrongly", says({ usable: false, reason: "3 elements came out wrong" }), "3 elements came out wrong"],
  ])(
    "is not used where the child %s, also by the next process, until its file is deleted",
    async (_, program, reason) => {
      const denied = await judge(program);
      expect(denied).toEqual({ usable: false, reason: expect.stringContaining(reason) });
      expect(await judge(right)).toEqual(denied);
      const [file] = kept();
      expect(denied).toMatchObject({ reason: expect.stringContaining(`delete ${join(folder, "cache", file!)}`) });
      rmSync(join(folder, "cache", file!));
      expect(await judge(right)).toEqual({ usable: true });
      expect(await judge(program)).toEqual({ usable: true });
    },
  );

  it.each([
    ["opens no GPU", 'console.log(JSON.stringify({ failed: "no adapter" }));', "could not try it: no adapter"],
    ["does not start", "import 'nowhere';", "could not try it: exit code 1"],
    [
      "opens another GPU",
      says({ usable: true }).replace("driver 7", "driver 8"),
      "could not try it: it opened another GPU",
    ],
  ])("is not used where the child %s, and tried again the next time", async (_, program, reason) => {
    expect(await judge(program)).toEqual({ usable: false, reason: expect.stringContaining(reason) });
    expect(await judge(right)).toEqual({ usable: true });
  });

  it("is tried anew on another driver, and with other flags", async () => {
    await judge(`${hello}process.abort();`);
    const newer = { ...info, description: "driver 8" };
    expect(await judge(right.replaceAll("driver 7", "driver 8"), { info: newer })).toEqual({ usable: true });
    expect(await judge(right, { flags: ["backend=vulkan"] })).toEqual({ usable: true });
    expect(kept()).toHaveLength(3);
  });

  it.each([
    ["half of itself", (text: string) => text.slice(0, text.length / 2)],
    ["nothing", () => ""],
    ["another verdict", (text: string) => text.replace('"usable":true', '"usable":1')],
    [
      "commands for a terminal",
      (text: string) => text.replace('"usable":true', '"usable":false,"reason":"\\u001b[2J"'),
    ],
  ])("is tried anew where the file of its verdict holds %s", async (_, damage) => {
    await judge(right);
    const file = join(folder, "cache", kept()[0]!);
    writeFileSync(file, damage(readFileSync(file, "utf8")));
    expect(await judge(says({ usable: false, reason: "wrong" }))).toMatchObject({ usable: false });
  });

  it("is judged by several processes at once, each to a whole file", async () => {
    const verdicts = await Promise.all([right, right, right].map((program) => judge(program)));
    expect(verdicts).toEqual([{ usable: true }, { usable: true }, { usable: true }]);
    expect(kept()).toHaveLength(1);
    expect(await judge("process.abort();")).toEqual({ usable: true });
  });

  it("is not used on a GPU object, which no child process can open", async () => {
    const notices: string[] = [];
    const onNotice = (sentence: string): void => void notices.push(sentence);
    const backend = await createWebgpuBackend({ gpu: nullGpu(), products: "f16", onNotice });
    expect(backend.capabilities.features).not.toContain("f16-products");
    expect(notices).toEqual([expect.stringMatching(/computes products in f32 instead of f16: .*variants: "trusted"/)]);
    await backend.dispose();
  });

  it("is not used on a device that computes nothing, as the child finds by itself", { timeout: 120_000 }, async () => {
    vi.stubEnv("XDG_CACHE_HOME", folder);
    const notices: string[] = [];
    const onNotice = (sentence: string): void => void notices.push(sentence);
    const backend = await createWebgpuBackend({ flags: ["backend=null"], products: "f16", onNotice });
    vi.unstubAllEnvs();
    expect(backend.capabilities.features).not.toContain("f16-products");
    expect(notices).toEqual([
      expect.stringMatching(/instead of f16: 42000 elements of its test product "forward" came out/),
    ]);
    await backend.dispose();
  });
});

describe("variants", () => {
  const { capabilities } = createPlanningBackend({ products: "f16" });
  const usable = { usable: true } as const;
  const broken = { usable: false, reason: "broken" } as const;

  it("are tried one after the other, the matrices of subgroups last and the largest first", async () => {
    const features = new Set([...capabilities.features, "subgroup-matrix:8x8x8"]);
    const asked: string[] = [];
    const made = await withoutDenied({ ...capabilities, features }, async (variant) => {
      asked.push(variant);
      return variant === "subgroup-matrix:16x16x16" ? broken : usable;
    });
    expect(asked).toEqual(["f16-products", "subgroup-matrix:16x16x16", "subgroup-matrix:8x8x8"]);
    expect([...features].filter((feature) => !made.capabilities.features.has(feature))).toEqual([asked[1]]);
    expect(made.denied).toEqual([{ variant: asked[1], reason: "broken" }]);
  });

  it("are not tried without f16 products, nor after those were denied", async () => {
    const asked: string[] = [];
    const deny = async (variant: string) => {
      asked.push(variant);
      return broken;
    };
    await withoutDenied(createPlanningBackend().capabilities, deny);
    const { capabilities: left } = await withoutDenied(capabilities, deny);
    expect(asked).toEqual(["f16-products"]);
    expect(left.features.has("f16-products")).toBe(false);
  });
});

describe("a device that refuses the shader", () => {
  it("is told in one line, however many the compiler wrote", async () => {
    const compile = () => Promise.reject(new Error(`error: unknown\n\u001b[1m  here${"!".repeat(999)}`));
    const verdict = await judgeInPlace({ ...createPlanningBackend({ products: "f16" }), compile }, "f16-products");
    expect(verdict).toMatchObject({ reason: expect.stringMatching(/^its self-test failed: error: unknown .{1,400}$/) });
    const said = await judge(says(verdict));
    expect(said).toMatchObject({ reason: expect.stringContaining("unknown [1m here!!!") });
  });
});

describe("a device that never answers", () => {
  it("is an error after the time limit where there is no child process", async () => {
    const never = (): Promise<never> => new Promise(() => {});
    const hanging = { ...createPlanningBackend({ products: "f16" }), allocate: never, compile: never };
    await expect(judgeInPlace(hanging, "f16-products", 50)).rejects.toMatchObject({ code: "DEVICE_UNAVAILABLE" });
  });
});

describe.skipIf(skipReason !== undefined)(`the self-test on SwiftShader ${skipReason ?? ""}`, () => {
  const sums = "sums[i * 4u + lane][j] = fma(vec4f(a[lane]), b[j], sums[i * 4u + lane][j]);";

  /** The plain kernels with a line of their shader replaced. */
  function changed(line: string, old = sums): KernelDef[] {
    return webgpuKernels
      .filter(({ id }) => id.endsWith(".tiled"))
      .map((kernel) => ({
        ...kernel,
        lower(signature, capabilities) {
          const code = kernel.lower(signature, capabilities) as WebgpuKernelCode;
          return { ...code, stages: code.stages.map((stage) => ({ ...stage, wgsl: stage.wgsl.replace(old, line) })) };
        },
      }));
  }

  it("passes right products, and none that lose a term or sum in f16", { timeout: 300_000 }, async () => {
    const backend = await createWebgpuBackend({ gpu: softwareGpu() });
    const found = (kernels: readonly KernelDef[]): Promise<string | undefined> =>
      findWrongProducts({ ...backend, kernels: [...kernels, ...webgpuKernels] } as Backend, "tiled");
    expect(await found([])).toBeUndefined();
    expect(await found(changed(sums))).toBeUndefined();
    expect(await found(changed(`if (at + inner != 5u) { ${sums} }`))).toMatch(/elements .* "forward" came out wrong/);
    expect(await found(changed(sums.replace("fma", "quantizeToF16(fma").replace(";", ");")))).toMatch(/came out wrong/);
    await backend.dispose();
  });

  it("tells a device that makes an infinity of what overflows f16 from one that does not", {
    timeout: 300_000,
  }, async () => {
    const backend = await createWebgpuBackend({ gpu: softwareGpu() });
    const operand = "tile_a[(inner + lane) * quads_m + quad] = Operand(values[lane]);";
    const infinity = "bitcast<vec4f>(vec4u(0x7f800000u + 0u * group.x))";
    const overflowing = operand.replace(
      "Operand(values[lane])",
      `select(values[lane], ${infinity}, values[lane] > vec4f(65504f))`,
    );
    expect(await hidesOverflow(backend)).toBe(true);
    const kernels = [...changed(overflowing, operand), ...webgpuKernels];
    expect(await hidesOverflow({ ...backend, kernels })).toBe(false);
    await backend.dispose();
  });
});
