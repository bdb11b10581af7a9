import { AttuneError, checkOptionKeys, createQueue, describeValue } from "@attune/spec";
import type { Backend } from "../backend/backend.ts";
import type { Tensor } from "../graph/tensor.ts";
import type { Trace } from "../graph/trace.ts";
import { traceFunction } from "../graph/trace-function.ts";
import type { KernelDef } from "../kernel/kernel-def.ts";
import { buildPlan } from "../plan/build-plan.ts";
import type { Plan } from "../plan/plan.ts";
import { type TensorType, tensorType } from "../type/tensor-type.ts";
import { createEager } from "./eager.ts";
import { createLifetime } from "./lifetime.ts";
import { createMemory, type MemoryUse } from "./memory.ts";
import { createProgram, type Program } from "./program.ts";
import type { States } from "./states.ts";
import type { Weights } from "./weights.ts";

/** What a runtime is made of. */
export interface RuntimeOptions {
  readonly backend: Backend;
  /** Kernels of plugins, asked beside the backend's own. */
  readonly kernels?: readonly KernelDef[] | undefined;
}

/** How a function is planned. */
export interface CompileOptions {
  /** False runs every pointwise node on its own; default true. */
  readonly fuse?: boolean;
  /** False keeps program order; default true. */
  readonly reorder?: boolean;
}

/** Owns a backend, its memory and its programs. Two runtimes can live in one process. */
export interface Runtime {
  readonly backend: Backend;
  readonly weights: Weights;
  readonly states: States;
  /** Traces a function and plans it, without running anything. */
  plan(build: (trace: Trace) => void, options?: CompileOptions): Plan;
  /** Traces a function once, plans it and makes it ready to run. The function names its outputs on the trace. */
  compile(build: (trace: Trace) => void, options?: CompileOptions): Promise<Program>;
  /** A tensor with values, for use outside a trace; f32 unless a type is given. */
  tensor(values: ArrayLike<number>, type: TensorType | readonly number[]): Tensor;
  /** Exact bytes held, by role. */
  memory(): MemoryUse;
  /** Frees everything, the backend included. */
  dispose(): Promise<void>;
}

/** Throws `OPTIONS_INVALID` for what is no backend; one on a GPU is a promise until it is awaited. */
function assertBackend(backend: Backend): void {
  if ((backend as Partial<Backend> | undefined)?.kind === "backend") return;
  const received = (backend as unknown) instanceof Promise ? "a promise" : describeValue(backend);
  throw new AttuneError("OPTIONS_INVALID", `Expected the backend of createRuntime, but received ${received}.`, {
    hint: "createCpuBackend() of @attune/backend-cpu gives one, and await createWebgpuBackend() of @attune/backend-webgpu.",
    details: { key: "backend" },
  });
}

/** Makes a runtime. It owns the backend: disposing it disposes the backend. @throws AttuneError `OPTIONS_INVALID` for what is no backend */
export function createRuntime(options: RuntimeOptions): Runtime {
  checkOptionKeys("createRuntime", options, { backend: true, kernels: true });
  const { backend, kernels = [] } = options;
  assertBackend(backend);
  const lifetime = createLifetime("runtime");
  const memory = createMemory(backend, lifetime);
  const queue = createQueue();
  const allKernels = [...kernels, ...backend.kernels];
  const eager = createEager(backend, allKernels, queue);
  const plan = (build: (trace: Trace) => void, options: CompileOptions = {}): Plan => {
    lifetime.assertAlive();
    return buildPlan(traceFunction(build), { backend, kernels: allKernels, ...options });
  };
  return {
    backend,
    weights: memory.weights,
    states: memory.states,
    plan,
    compile: async (build, options) => createProgram(plan(build, options), backend, memory, queue),
    tensor(values, type) {
      lifetime.assertAlive();
      return eager.tensor(values, Array.isArray(type) ? tensorType(type) : (type as TensorType));
    },
    memory: () => memory.use(),
    async dispose() {
      eager.dispose();
      await queue(async () => {
        lifetime.end();
        memory.dispose();
      });
      await backend.dispose();
    },
  };
}
