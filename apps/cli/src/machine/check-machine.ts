// What `attune doctor` asks the machine. Each check stands alone; a check that fails says what it costs.
import { statfs } from "node:fs/promises";
import { arch, availableParallelism, cpus, platform, totalmem } from "node:os";
import { enable256Bits, has256Bits } from "@attune/backend-cpu";
import { formatQuantity, type JsonValue } from "@attune/spec";
import { f32x4, load, ModuleBuilder } from "@attune/tensor-core/wasm";
import { checkBlas } from "./check-blas.ts";
import { checkGpu } from "./check-gpu.ts";
import { checkTiles, hasWideAddresses } from "./check-tiles.ts";

/** One thing that was looked at. */
export interface MachineCheck {
  readonly id: string;
  /** `missing`: nothing runs without it. `slow` or `low`: it runs, with less. `absent`: not needed. */
  readonly status: "ok" | "slow" | "low" | "absent" | "missing";
  readonly value: JsonValue;
  readonly detail: string;
}

/** What the checks need to know. */
export interface MachineOptions {
  /** Whether a flag of V8 may be set for the measurement. */
  readonly ownsProcess: boolean;
  /** Folder whose disk is looked at and from which packages are resolved. */
  readonly directory: string;
}

const gibibyte = 2 ** 30;

/** Runs all checks, in the order in which they are shown. */
export async function checkMachine({ ownsProcess, directory }: MachineOptions): Promise<readonly MachineCheck[]> {
  const [simd, relaxedSimd] = [validatesSimd(false), validatesSimd(true)];
  if (simd && ownsProcess) enable256Bits();
  const wide = simd && has256Bits();
  return [
    checkNode(),
    checkProcessor(),
    {
      id: "wasm simd",
      status: simd ? "ok" : "missing",
      value: simd,
      detail: simd ? "128-bit vectors" : "this engine compiles no WebAssembly SIMD",
    },
    describeRelaxedSimd(relaxedSimd),
    ...(simd ? [describeWidth(wide), ...checkTiles({ wide, relaxedSimd }), await checkBlas(directory, wide)] : []),
    checkThreads(),
    checkMemory(),
    await checkDisk(directory),
    ...(await checkGpu()),
  ];
}

function checkNode(): MachineCheck {
  const [major = 0] = process.versions.node.split(".").map(Number);
  const fast = major >= 24;
  const detail = `${process.version}, V8 ${process.versions.v8}${fast ? "" : "; Node 24 compiles SIMD two to three times faster"}`;
  return { id: "node", status: fast ? "ok" : "slow", value: process.versions.node, detail };
}

function checkProcessor(): MachineCheck {
  const model = cpus()[0]?.model.trim() ?? "unknown";
  return { id: "processor", status: "ok", value: model, detail: `${model} (${platform()} ${arch()})` };
}

/** Whether the engine takes a module with a multiply-add of vectors, fused where `relaxedSimd` is set. */
function validatesSimd(relaxedSimd: boolean): boolean {
  const memory = { module: "env", name: "memory", minPages: 1, maxPages: 1 };
  const module = new ModuleBuilder({ addressType: "i32", relaxedSimd }, memory);
  module.function({ name: "probe", parameters: ["address"] }, (body, base) => {
    const left = load("v128", base);
    body.store("v128", base, f32x4.madd(left, left, left));
  });
  return WebAssembly.validate(module.encode());
}

function describeRelaxedSimd(value: boolean): MachineCheck {
  const detail = value
    ? "fused multiply-add"
    : "no fused multiply-add: about half the speed, and a numerics class of its own";
  return { id: "relaxed simd", status: value ? "ok" : "slow", value, detail };
}

function describeWidth(value: boolean): MachineCheck {
  const detail = value
    ? "measured: two vectors run as one"
    : "measured: vectors stay at 128 bits (Node 24 on x64 has more)";
  return { id: "256 bits", status: value ? "ok" : "slow", value, detail };
}

function checkThreads(): MachineCheck {
  const shared = typeof SharedArrayBuffer !== "undefined";
  const value = availableParallelism();
  const detail = shared ? `${value} threads over one shared memory` : "no SharedArrayBuffer";
  return { id: "threads", status: shared ? "ok" : "missing", value, detail };
}

function checkMemory(): MachineCheck {
  const limit = process.constrainedMemory();
  const total = limit > 0 ? Math.min(limit, totalmem()) : totalmem();
  const free = process.availableMemory();
  const status = free < 2 * gibibyte ? "low" : "ok";
  const detail = `${formatQuantity(free, "bytes")} free of ${formatQuantity(total, "bytes")}; the CPU device holds up to 4 GiB${hasWideAddresses() ? ", or as much as --memory says, up to 16 GiB" : "; more takes Node 24"}`;
  return { id: "memory", status, value: { total, free }, detail };
}

async function checkDisk(directory: string): Promise<MachineCheck> {
  const { bavail, bsize } = await statfs(directory);
  const free = bavail * bsize;
  const status = free < gibibyte ? "low" : "ok";
  return {
    id: "disk",
    status,
    value: { free },
    detail: `${formatQuantity(free, "bytes")} free where this was started`,
  };
}
