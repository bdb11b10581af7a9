// What the machine is, as far as files and the driver's tools say: read once, before any driver is loaded into a process.
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { availableParallelism, cpus, freemem, release, totalmem } from "node:os";
import { join } from "node:path";
import type { JsonObject, JsonValue } from "@attune/spec";

/** What a program prints, or why it does not. */
function printed(program: string, ...given: string[]): string {
  const { stdout, stderr, error } = spawnSync(program, given, { encoding: "utf8", timeout: 15_000 });
  return error ? `not run: ${error.message}` : `${stdout}${stderr}`.trim().slice(0, 8000);
}

/** Folders in which drivers say that they are there. */
const manifestFolders = [
  "/usr/share/vulkan/icd.d",
  "/etc/vulkan/icd.d",
  "/usr/local/share/vulkan/icd.d",
  "/usr/local/etc/vulkan/icd.d",
  "/usr/local/nvidia/share/vulkan/icd.d",
  "/opt/amdgpu/share/vulkan/icd.d",
];

/** Paths of Vulkan drivers' manifests, which are JSON files. */
export function driverManifests(): string[] {
  return manifestFolders
    .filter((folder) => existsSync(folder))
    .flatMap((folder) => readdirSync(folder).map((name) => join(folder, name)))
    .filter((path) => path.endsWith(".json"));
}

/** Lines of the libraries that Vulkan and NVIDIA's driver need, as the linker knows them. */
function libraries(): string[] {
  return printed("ldconfig", "-p")
    .split("\n")
    .filter((line) => /libvulkan|nvidia|libGLdispatch|libGLX|libEGL|libX11\.so|libXext/.test(line))
    .map((line) => line.trim());
}

function linux(): JsonObject {
  const manifests = driverManifests();
  return {
    manifests: Object.fromEntries(manifests.map((path): [string, JsonValue] => [path, readFileSync(path, "utf8")])),
    libraries: libraries(),
    devices: existsSync("/dev/dri") ? readdirSync("/dev/dri") : [],
    nvidiaDevices: readdirSync("/dev").filter((name) => name.startsWith("nvidia")),
    distribution: existsSync("/etc/os-release") ? readFileSync("/etc/os-release", "utf8").slice(0, 200) : "",
    vulkaninfo: printed("vulkaninfo", "--summary"),
  };
}

/** Everything but the GPU's own words. */
export function describeMachine(): JsonObject {
  const { header } = process.report.getReport() as { header?: { glibcVersionRuntime?: string } };
  const driverVariables = /^(VK_|NVIDIA_|CUDA_VISIBLE|DAWN|LD_LIBRARY_PATH|DISPLAY|WAYLAND_DISPLAY|MESA|__GL|XDG_)/;
  return {
    node: process.version,
    platform: `${process.platform} ${process.arch} ${release()}`,
    glibc: header?.glibcVersionRuntime ?? "none",
    processor: cpus()[0]?.model ?? "unknown",
    threads: availableParallelism(),
    memoryBytes: totalmem(),
    freeBytes: freemem(),
    environment: Object.fromEntries(
      Object.entries(process.env).flatMap(([name, value]) => (driverVariables.test(name) ? [[name, value ?? ""]] : [])),
    ),
    nvidia: printed("nvidia-smi", "-q", "-d", "MEMORY,CLOCK,POWER,COMPUTE,ECC").slice(0, 6000),
    ...(process.platform === "linux" ? linux() : {}),
  };
}

/** Clocks, power, temperature and load of NVIDIA's GPUs at this moment; undefined without its tool. */
export function gpuState(): JsonValue | undefined {
  const fields = "name,driver_version,clocks.sm,clocks.mem,power.draw,temperature.gpu,utilization.gpu,memory.used";
  const { stdout, status } = spawnSync("nvidia-smi", [`--query-gpu=${fields}`, "--format=csv,noheader"], {
    encoding: "utf8",
    timeout: 10_000,
  });
  return status === 0 ? stdout.trim() : undefined;
}
