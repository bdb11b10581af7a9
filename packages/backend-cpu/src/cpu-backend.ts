import { availableParallelism } from "node:os";
import { userCacheFolder } from "@attune/run-folder";
import { AttuneError } from "@attune/spec";
import type {
  Allocation,
  Backend,
  Capabilities,
  DispatchTimes,
  Executable,
  GemmProvider,
  KernelDef,
  MemoryRole,
  Plan,
} from "@attune/tensor-core";
import { codesOf, layOutPlan, type PlanProgram } from "./compile-plan.ts";
import { createKernelLibrary } from "./kernel-library.ts";
import { cpuKernels } from "./kernels/index.ts";
import { createNativeKernels } from "./kernels/product/native-linear.ts";
import { tileFeature } from "./kernels/product/tile-family.ts";
import { createHeap, type Heap, type HeapRange, heapAlignment, pageBytes } from "./memory/heap.ts";
import { createNearHeap } from "./memory/near-memory.ts";
import { parameterBytes, stepFields } from "./pool/messages.ts";
import { createWorkerPool, type ThreadScratch, type WorkerPool } from "./pool/worker-pool.ts";
import { fusesMultiplyAdd, has256Bits, widensInnerLoops } from "./simd-width.ts";
import { chooseTile } from "./tuning/choose-tile.ts";

export interface CpuBackendOptions {
  /** Threads that compute; the main thread is never one of them. Default: one a core. Results do not depend on it. */
  readonly threads?: number | undefined;
  /**
   * Most bytes that it may hold, up to 16 GiB (default 4 GiB). More than 4 GiB needs an engine with 64-bit memories (Node 24), where
   * V8 widens SIMD code of matrix products and attention alone, which the backend gives scratch in a second, 32-bit memory.
   */
  readonly maximumBytes?: number | undefined;
  /** Whether SIMD code comes out as 256 bits; measured (10 ms) unless given. Only speed depends on it. */
  readonly wide?: boolean | undefined;
  /**
   * Folder in which the fastest register tile of matrix products is kept once it was measured (25 ms). Default: the user's cache folder;
   * false measures nothing and takes a good guess. Only speed depends on it.
   */
  readonly tileCache?: string | false | undefined;
  /** False computes a·b + c in two roundings, as on an engine without relaxed SIMD (default true). A numerics class of its own. */
  readonly fusedMultiplyAdd?: boolean | undefined;
  /** A native library for matrix products, such as `@attune/blas-native` finds. A numerics class of its own. */
  readonly gemm?: GemmProvider | undefined;
  /** Kernels asked before its own. */
  readonly kernels?: readonly KernelDef[] | undefined;
}

interface CpuAllocation extends Allocation {
  readonly range: HeapRange;
}

const maximumBindings = parameterBytes / 8 - 3;

/**
 * The CPU backend: plans are replayed by worker threads over one shared memory.
 *
 * @throws AttuneError `OPTIONS_INVALID` for a thread count or a size that is no positive integer
 */
export function createCpuBackend(options: CpuBackendOptions = {}): Backend {
  const threads = options.threads ?? availableParallelism();
  const maximumBytes = options.maximumBytes ?? 2 ** 32;
  assertPositive("threads", threads, mostThreads());
  assertPositive("maximumBytes", maximumBytes, 2 ** 34);
  const maximumPages = Math.ceil(maximumBytes / pageBytes);
  const heap = createHeap(maximumPages);
  const parameters = Array.from({ length: threads }, () => heap.allocate(parameterBytes).offset);
  const { addressType } = heap;
  const wide = options.wide ?? has256Bits();
  const nearHeap = wide && addressType === "i64" ? createNearHeap() : undefined;
  const nearMemory = nearHeap !== undefined;
  const pool = createWorkerPool({ threads, heap, nearMemory: nearHeap?.memory, parameters, gemm: options.gemm });
  const relaxedSimd = options.fusedMultiplyAdd ?? true;
  const library = createKernelLibrary({
    pool,
    addressType,
    maximumPages,
    nearMemory,
    relaxedSimd,
    gemm: options.gemm !== undefined,
  });
  const scratch = createScratch({ heap, nearHeap: nearHeap ?? heap, threads });
  const features = new Set<string>();
  const wideTiles = wide && widensInnerLoops(addressType, nearMemory);
  if (wideTiles) features.add("simd256");
  if (options.tileCache !== false) {
    const folder = options.tileCache ?? userCacheFolder();
    features.add(tileFeature(chooseTile({ wide: wideTiles, relaxedSimd, addressType, nearMemory, folder })));
  }
  if (relaxedSimd && fusesMultiplyAdd()) features.add("fma");
  if (options.gemm) features.add(`gemm:${options.gemm.id}`);
  const capabilities: Capabilities = {
    alignment: heapAlignment,
    maxBindingBytes: maximumBytes,
    maxBindings: maximumBindings,
    maxAllocationBytes: maximumBytes,
    inPlace: true,
    features,
  };
  let programs = 0;
  let running: Promise<unknown> = Promise.resolve();

  return {
    kind: "backend",
    specificationVersion: 1,
    id: "cpu",
    capabilities,
    kernels: [...(options.kernels ?? []), ...(options.gemm ? createNativeKernels() : []), ...cpuKernels],
    interprets: false,
    async allocate(role: MemoryRole, bytes: number): Promise<CpuAllocation> {
      return { role, bytes, range: heap.allocate(bytes) };
    },
    free(allocation) {
      heap.free((allocation as CpuAllocation).range);
    },
    async write(allocation, offset, bytes) {
      heap.bytes((allocation as CpuAllocation).range.offset + offset, bytes.byteLength).set(bytes);
    },
    async read(allocation, offset, bytes) {
      return new Uint8Array(heap.bytes((allocation as CpuAllocation).range.offset + offset, bytes));
    },
    view(allocation, offset, bytes) {
      return heap.bytes((allocation as CpuAllocation).range.offset + offset, bytes);
    },
    async compile(plan: Plan): Promise<Executable> {
      const codes = codesOf(plan);
      const program = layOutPlan(plan, codes, await library.load(codes));
      const id = programs++;
      pool.broadcast({ kind: "program", id, steps: program.steps, addresses: program.addresses });
      return {
        run(regions, { from, to } = { from: 0, to: plan.dispatches.length }) {
          const result = running.then(() => runProgram(pool, scratch, { id, program, regions, from, to }));
          running = result.catch(() => undefined);
          return result;
        },
        profile(regions) {
          const times = new Float64Array(new SharedArrayBuffer(8 * (program.steps.length / stepFields + threads)));
          const whole = { from: 0, to: plan.dispatches.length };
          const result = running.then(() => runProgram(pool, scratch, { id, program, regions, ...whole, times }));
          running = result.catch(() => undefined);
          return result.then(() => dispatchTimes(program, times));
        },
        dispose: () => pool.broadcast({ kind: "drop", id }),
      };
    },
    async dispose() {
      await pool.close();
    },
  };
}

/** Dispatches `from` to `to` of a program on its regions. */
interface ProgramRun {
  readonly id: number;
  readonly program: PlanProgram;
  readonly regions: readonly Allocation[];
  readonly from: number;
  readonly to: number;
  readonly times?: Float64Array<SharedArrayBuffer>;
}

async function runProgram(
  pool: WorkerPool,
  scratch: Scratch,
  { id, program, regions, from, to, times }: ProgramRun,
): Promise<void> {
  const bases = regions.map((region) => (region as CpuAllocation).range.offset);
  program.bindings.forEach(({ region, offset }, index) => {
    program.addresses[index] = bases[region]! + offset;
  });
  const steps = { from: program.stepOf[from]!, to: program.stepOf[to]! };
  if (steps.from === steps.to) return;
  const { threads, shared } = scratch.reserve(program);
  await pool.run({ id, ...steps, shared, ...(times ? { times } : {}) }, threads);
}

/** A dispatch takes as long as its steps together; behind the steps lies how long each thread waited in all. */
function dispatchTimes({ stepOf }: PlanProgram, times: Float64Array): DispatchTimes {
  const sumOf = (values: Float64Array): number => values.reduce((sum, time) => sum + time, 0);
  const milliseconds = Float64Array.from({ length: stepOf.length - 1 }, (_, dispatch) =>
    sumOf(times.subarray(stepOf[dispatch], stepOf[dispatch + 1])),
  );
  const waits = times.subarray(stepOf.at(-1));
  return { milliseconds, waiting: sumOf(waits) / waits.length };
}

interface Scratch {
  /** Addresses of at least so many bytes, for each thread and for all together. */
  reserve(bytes: ScratchBytes): { readonly threads: readonly ThreadScratch[]; readonly shared: number };
}

type ScratchBytes = Pick<PlanProgram, "scratchBytes" | "sharedBytes" | "nearBytes">;

interface ScratchOptions {
  readonly heap: Heap;
  /** Where near scratch is; may be the same. */
  readonly nearHeap: Heap;
  readonly threads: number;
}

function createScratch({ heap, nearHeap, threads }: ScratchOptions): Scratch {
  const own = createRanges(heap, threads);
  const near = createRanges(nearHeap, threads);
  const shared = createRanges(heap, 1);
  return {
    reserve({ scratchBytes, sharedBytes, nearBytes }) {
      const [scratches, nears] = [own(scratchBytes), near(nearBytes)];
      return {
        threads: scratches.map((scratch, thread) => ({ scratch, near: nears[thread]! })),
        shared: shared(sharedBytes)[0]!,
      };
    },
  };
}

/** Ranges that are replaced where more bytes are asked for than they have; the addresses of as many as `count`. */
function createRanges(heap: Heap, count: number): (bytes: number) => readonly number[] {
  let ranges: HeapRange[] = [];
  return (bytes) => {
    if ((ranges[0]?.bytes ?? -1) < bytes) {
      for (const range of ranges) heap.free(range);
      ranges = [];
      for (let index = 0; index < count; index++) ranges.push(heap.allocate(bytes));
    }
    return ranges.map(({ offset }) => offset);
  };
}

/** Threads beyond the cores only wait, and each takes 6 MB; some more than there are cores are of use in tests. */
function mostThreads(): number {
  return Math.max(64, 4 * availableParallelism());
}

function assertPositive(name: string, value: number, largest: number): void {
  if (Number.isSafeInteger(value) && value > 0 && value <= largest) return;
  throw new AttuneError(
    "OPTIONS_INVALID",
    `Expected \`${name}\` to be an integer from 1 to ${largest}, got ${value}.`,
    { hint: "Leave it out to have the default.", details: { key: name } },
  );
}
