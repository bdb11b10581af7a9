// The environment in which Dawn finds a GPU. A container often has the driver and lacks a part: the loader (libvulkan.so.1), the manifest
// in a folder that the loader knows, or libraries of windows that NVIDIA's manifest asks for and its EGL library does without. Each is made
// up for in turn, in a child process, until there is an adapter that is no program on the CPU.
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { driverManifests } from "./machine.ts";
import type { TriedEnvironment } from "./result.ts";
import type { SuiteOptions } from "./section.ts";

interface Candidate {
  readonly name: string;
  readonly variables: Readonly<Record<string, string>>;
}

const worker = fileURLToPath(new URL("../adapter-worker.ts", import.meta.url));

/** Libraries that came along in the folder. */
const ownLibraries = fileURLToPath(new URL("../lib", import.meta.url));

/** A manifest that names NVIDIA's driver by its EGL library, which needs no window system. */
function headlessManifest(folder: string): string {
  const path = join(folder, "nvidia_headless_icd.json");
  mkdirSync(folder, { recursive: true });
  const driver = { library_path: "libEGL_nvidia.so.0", api_version: "1.3.0" };
  writeFileSync(path, JSON.stringify({ file_format_version: "1.0.1", ICD: driver }));
  return path;
}

/** Environments to try, the plainest first. */
function candidates(folder: string): Candidate[] {
  const plain: Candidate = { name: "as it is", variables: {} };
  const isChosen = ["VK_DRIVER_FILES", "VK_ICD_FILENAMES"].some((name) => process.env[name] !== undefined);
  if (process.platform !== "linux" || isChosen) return [plain];
  const own = {
    LD_LIBRARY_PATH: [ownLibraries, process.env["LD_LIBRARY_PATH"] ?? ""].filter((part) => part).join(":"),
  };
  const nvidia = driverManifests().filter((path) => /nvidia/i.test(path));
  const headless = headlessManifest(folder);
  return [
    plain,
    ...nvidia.map((path) => ({ name: `with ${path}`, variables: { VK_DRIVER_FILES: path } })),
    { name: "with NVIDIA's EGL library", variables: { VK_DRIVER_FILES: headless } },
    ...(existsSync(ownLibraries)
      ? [
          { name: "with the libraries that came along", variables: own },
          ...nvidia.map((path) => ({
            name: `with the libraries that came along and ${path}`,
            variables: { ...own, VK_DRIVER_FILES: path },
          })),
          {
            name: "with the libraries that came along and NVIDIA's EGL library",
            variables: { ...own, VK_DRIVER_FILES: headless },
          },
        ]
      : []),
  ];
}

function tryEnvironment({ name, variables }: Candidate, options: SuiteOptions): TriedEnvironment {
  const conditions = process.execArgv.filter((argument) => argument.startsWith("--conditions="));
  const given = JSON.stringify({ flags: options.flags, adapter: options.adapter });
  const { stdout, stderr, error, signal } = spawnSync(process.execPath, [...conditions, worker, given], {
    env: { ...process.env, VK_LOADER_DEBUG: "error,warn,driver", ...variables },
    encoding: "utf8",
    timeout: 25_000,
  });
  const printed = (stderr ?? "").slice(-4000);
  const line = (stdout ?? "").split("\n").find((each) => each.startsWith("{"));
  if (line === undefined) return { name, variables, error: error?.message ?? `its process ended: ${signal}`, printed };
  return { name, variables, printed, ...(JSON.parse(line) as Pick<TriedEnvironment, "adapter" | "error">) };
}

/** Whether an adapter computes on a GPU. */
export function isHardware({ adapter }: TriedEnvironment): boolean {
  return adapter !== undefined && adapter.info.isFallbackAdapter !== true;
}

/** Milliseconds after which no further environment is tried: a driver that hangs in one does so in the next. */
const longEnough = 60_000;

/** Tries environments until one has a GPU; all that were tried, the last of them the best. */
export function findEnvironments(options: SuiteOptions, folder: string): TriedEnvironment[] {
  const tried: TriedEnvironment[] = [];
  const start = performance.now();
  for (const candidate of candidates(folder)) {
    const made = tryEnvironment(candidate, options);
    tried.push(made);
    if (isHardware(made)) return tried;
    if (performance.now() - start > longEnough) break;
  }
  // Without a GPU a program on the CPU is better than nothing.
  return tried.sort((left, right) => Number(left.adapter !== undefined) - Number(right.adapter !== undefined));
}
