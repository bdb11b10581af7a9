// Chromium for tests: from the npm package @sparticuz/chromium on Linux, or the one that CHROMIUM names, with SwiftShader as its GPU.
import chromiumPackage from "@sparticuz/chromium";
import { type Browser, chromium } from "playwright-core";

/** Why a test in a browser is left out here, or undefined where it can run. */
export const skipReason: string | undefined =
  process.env["CHROMIUM"] !== undefined || (process.platform === "linux" && process.arch === "x64")
    ? undefined
    : `no Chromium comes for ${process.platform} on ${process.arch}; name one in CHROMIUM`;

/** Quiet, and without calls home. */
const flags = [
  "--no-sandbox",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/** Starts Chromium; without `webgpu` it has no adapter, as on a machine whose GPU is blocked. */
export async function openBrowser({ webgpu }: { readonly webgpu: boolean }): Promise<Browser> {
  return chromium.launch({
    executablePath: process.env["CHROMIUM"] ?? (await chromiumPackage.executablePath()),
    args: [...flags, ...(webgpu ? ["--enable-unsafe-webgpu", "--use-webgpu-adapter=swiftshader"] : [])],
    ignoreDefaultArgs: ["--disable-gpu"],
  });
}
