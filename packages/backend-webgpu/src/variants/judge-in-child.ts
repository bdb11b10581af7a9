// In Node a driver's crash is the program's: a variant is tried in a child process first, once for each GPU, driver, version of Dawn and
// text of its shaders; the verdict is kept in the user's cache folder.
import { createRequire } from "node:module";
import {
  hashJson,
  readUserCache,
  runProbe,
  type UserCacheEntry,
  userCacheFile,
  userCacheFolder,
  writeUserCache,
} from "@attune/run-folder";
import type { JsonObject, JsonValue } from "@attune/spec";
import { type AdapterKey, adapterKey } from "../device/adapter-key.ts";
import type { DeviceOptions } from "../device/open-device.ts";
import { shaders } from "../shader/shaders.generated.ts";
import { oneLine, type Variant, type Verdict } from "./variant.ts";

/** What the child is asked. */
export interface VariantRequest {
  readonly device: Omit<DeviceOptions, "gpu">;
  readonly variant: Variant;
}

/** What the child says: which GPU it opened, then what came of the test, or why there was none. */
export type VariantLine =
  | { readonly adapter: AdapterKey }
  | { readonly verdict: Verdict }
  | { readonly failed: string };

/** How verdicts are found; all but the device is replaced in tests. */
export interface ChildJudgeOptions {
  readonly device: DeviceOptions;
  readonly info: GPUAdapterInfo;
  /** Folder of verdicts; the user's cache folder unless given. */
  readonly folder?: string | undefined;
  /** Milliseconds that the child may take to open the GPU, and as many for the test. Default 20,000. */
  readonly timeout?: number | undefined;
  /** The module that the child runs. */
  readonly worker?: URL | undefined;
}

/** Whether a variant may be used: from the cache, else by a child process. What could not be tested is not used, and not kept. */
export async function judgeInChild(variant: Variant, options: ChildJudgeOptions): Promise<Verdict> {
  const { device, info, folder = userCacheFolder(), timeout = 20_000, worker = defaultWorker() } = options;
  if (device.gpu !== undefined) {
    const reason =
      'a GPU object was given, which a child process cannot try it on: give flags instead, or variants: "trusted"';
    return { usable: false, reason };
  }
  const entry = entryOf(folder, adapterKey(info), device, variant);
  const known = verdictIn(readUserCache(entry));
  if (known !== undefined) return withFile(known, entry);
  const request: VariantRequest = { device, variant };
  const said = new Map<string, JsonValue>();
  const end = await runProbe(worker, {
    arguments: [JSON.stringify(request)],
    timeout,
    onLine(line: JsonObject) {
      for (const [name, value] of Object.entries(line)) said.set(name, value);
    },
  });
  if (hashJson(said.get("adapter") ?? null) !== hashJson(adapterKey(info))) {
    const why = said.has("adapter") ? "it opened another GPU" : oneLine(String(said.get("failed") ?? end));
    return { usable: false, reason: `a child process could not try it: ${why}` };
  }
  const verdict = verdictIn(said.get("verdict")) ?? { usable: false, reason: `it ended a child process: ${end}` };
  return writeUserCache(entry, verdict) ? withFile(verdict, entry) : verdict;
}

function defaultWorker(): URL {
  return new URL(`./variant-worker${import.meta.url.endsWith(".ts") ? ".ts" : ".js"}`, import.meta.url);
}

function entryOf(folder: string, adapter: AdapterKey, { flags = [] }: DeviceOptions, variant: Variant): UserCacheEntry {
  const tested = [shaders["matrix-product"]!, shaders["matrix-product-subgroup"]!];
  const key = { adapter, dawn: dawnVersion(), flags: [...flags], variant, shaders: hashJson(tested) };
  return { folder, kind: "webgpu-variant", key };
}

function dawnVersion(): string {
  try {
    return (createRequire(import.meta.url)("webgpu/package.json") as { version: string }).version;
  } catch {
    return "unknown";
  }
}

/** A verdict from a file or a process that may say anything. */
function verdictIn(value: JsonValue | undefined): Verdict | undefined {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return undefined;
  const { usable, reason } = value as JsonObject;
  if (usable === true) return { usable };
  const readable = typeof reason === "string" && /^[\P{C}]{1,500}$/u.test(reason);
  return usable === false && readable ? { usable, reason: reason as string } : undefined;
}

function withFile(verdict: Verdict, entry: UserCacheEntry): Verdict {
  if (verdict.usable) return verdict;
  return { usable: false, reason: `${verdict.reason} (delete ${userCacheFile(entry)} to have it tried again)` };
}
