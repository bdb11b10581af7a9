// Devices for tests: SwiftShader, a Vulkan device in software that an npm package brings (Linux on x64 with glibc), and Dawn's null
// backend, which compiles and checks everything and runs nothing.
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { constants, tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { brotliDecompressSync } from "node:zlib";
import { create } from "webgpu";
import { dawnFlags } from "../src/device/open-device.ts";

/** Why a test that computes on a device is left out here, or undefined where it can run. */
export const skipReason: string | undefined =
  process.platform === "linux" && process.arch === "x64" && !isMusl()
    ? undefined
    : `SwiftShader comes for Linux on x64 with glibc, not for ${process.platform} on ${process.arch}`;

/** Dawn on SwiftShader. */
export function softwareGpu(): GPU {
  loadSwiftShader();
  return create(["backend=vulkan", ...dawnFlags]);
}

/** Makes SwiftShader this process's Vulkan device. */
export function loadSwiftShader(): void {
  const folder = unpackSwiftShader();
  process.env["VK_ICD_FILENAMES"] = join(folder, "vk_swiftshader_icd.json");
  const keepLoaded = 0x1000;
  try {
    // Node rejects a library that is no addon, but glibc keeps it, and Dawn finds the loader by its name.
    process.dlopen({ exports: {} }, join(folder, "libvulkan.so.1"), constants.dlopen.RTLD_NOW | keepLoaded);
  } catch {}
}

/** Dawn's null backend, with f16, subgroups and subgroup matrices. */
export function nullGpu(): GPU {
  return create(["backend=null", "enable-dawn-features=allow_unsafe_apis"]);
}

/** What a test may say of an adapter instead of the adapter itself. */
export interface AdapterChange {
  readonly features?: ReadonlySet<string>;
  readonly limits?: object;
  readonly info?: object;
  readonly requestDevice?: (descriptor: GPUDeviceDescriptor) => Promise<GPUDevice>;
}

/** A GPU whose adapter says something else of itself, or that has none where `change` gives null. */
export function changedGpu(gpu: GPU, change: (adapter: GPUAdapter) => AdapterChange | null): GPU {
  return {
    async requestAdapter() {
      const adapter = (await gpu.requestAdapter())!;
      const changed = change(adapter);
      const { features, limits, info } = adapter;
      if (changed === null) return null;
      return {
        features,
        limits,
        info,
        requestDevice: (descriptor: GPUDeviceDescriptor) => adapter.requestDevice(descriptor),
        ...changed,
      };
    },
  } as unknown as GPU;
}

function isMusl(): boolean {
  const { header } = process.report.getReport() as { header?: { glibcVersionRuntime?: string } };
  return header?.glibcVersionRuntime === undefined;
}

/** Unpacks the archive once a version into the temporary folder. */
function unpackSwiftShader(): string {
  const require = createRequire(import.meta.url);
  const entry = require.resolve("@sparticuz/chromium");
  const packageFolder = join(dirname(entry), "../..");
  const { version } = JSON.parse(readFileSync(join(packageFolder, "package.json"), "utf8")) as { version: string };
  const folder = join(tmpdir(), `attune-swiftshader-${version}`);
  if (existsSync(folder)) return folder;
  const archive = brotliDecompressSync(readFileSync(join(packageFolder, "bin/swiftshader.tar.br")));
  const partial = mkdtempSync(`${folder}-`);
  mkdirSync(partial, { recursive: true });
  for (const { name, bytes } of entriesOf(archive)) writeFileSync(join(partial, basename(name)), bytes);
  try {
    renameSync(partial, folder);
  } catch {
    // Another process was faster.
  }
  return folder;
}

/** Files of a tar archive: headers of 512 bytes with name and octal size, contents filled up to multiples of 512. */
function* entriesOf(archive: Buffer): Generator<{ name: string; bytes: Buffer }> {
  for (let at = 0; at + 512 <= archive.length; ) {
    const text = (from: number, to: number): string =>
      archive
        .subarray(at + from, at + to)
        .toString("latin1")
        .replace(/\0.*$/s, "");
    const [name, size] = [text(0, 100), Number.parseInt(text(124, 136), 8) || 0];
    if (name === "") return;
    yield { name, bytes: archive.subarray(at + 512, at + 512 + size) };
    at += 512 + Math.ceil(size / 512) * 512;
  }
}
