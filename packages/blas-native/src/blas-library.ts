// Opens a shared library by FFI and says which BLAS it is. Nothing here is safe to try in a process that must not die: a library
// runs its initialisers when it is loaded, so a stranger is opened in a child process first (probe-worker.ts).
import koffi from "koffi";

/** What a library said about itself. */
export interface BlasLibrary {
  /** File or name that the system's loader finds it by. */
  readonly path: string;
  readonly family: "accelerate" | "mkl" | "openblas" | "blis" | "blas";
  /** Family, version and code path as far as it tells, such as `openblas-0.3.21-haswell`: what its bits depend on. */
  readonly id: string;
}

/**
 * `cblas_sgemm(order, transposeA, transposeB, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc)` with 32-bit integers; addresses are
 * numbers, which hold the 47 bits of a process's address space exactly.
 */
type CblasSgemm = (
  order: number,
  transposeA: number,
  transposeB: number,
  m: number,
  n: number,
  k: number,
  alpha: number,
  a: number,
  lda: number,
  b: number,
  ldb: number,
  beta: number,
  c: number,
  ldc: number,
) => void;

export interface OpenBlasLibrary {
  readonly library: BlasLibrary;
  readonly sgemm: CblasSgemm;
}

type Handle = ReturnType<typeof koffi.load>;

interface Family {
  readonly family: BlasLibrary["family"];
  /** A function that only this library has. */
  readonly mark: string;
  /** Makes calls compute on the calling thread alone. */
  readonly singleThreaded: (handle: Handle) => void;
  /** Version and code path. */
  readonly describe: (handle: Handle) => string;
}

const call = (handle: Handle, prototype: string, ...values: number[]): unknown => handle.func(prototype)(...values);

/** The version in a sentence such as "OpenBLAS 0.3.21 NO_LAPACKE DYNAMIC_ARCH". */
function versionIn(sentence: unknown): string {
  return /\d+(\.\d+)+([-.]\w+)*/.exec(String(sentence))?.[0] ?? "unknown";
}

const families: readonly Family[] = [
  {
    family: "openblas",
    mark: "openblas_set_num_threads",
    singleThreaded: (handle) => call(handle, "void openblas_set_num_threads(int)", 1),
    describe: (handle) =>
      `${versionIn(call(handle, "const char *openblas_get_config()"))}-${String(call(handle, "const char *openblas_get_corename()")).toLowerCase()}`,
  },
  {
    family: "mkl",
    mark: "MKL_Set_Num_Threads",
    singleThreaded: (handle) => call(handle, "void MKL_Set_Num_Threads(int)", 1),
    describe: (handle) => {
      const bytes = Buffer.alloc(256);
      handle.func("void MKL_Get_Version_String(_Out_ uint8_t *, int)")(bytes, bytes.length);
      // "Version 2024.0-Product Build 20231011 ..."
      return versionIn(bytes.toString("latin1").split("-", 1)[0]);
    },
  },
  {
    family: "blis",
    mark: "bli_thread_set_num_threads",
    singleThreaded: (handle) => call(handle, "void bli_thread_set_num_threads(int64_t)", 1),
    describe: (handle) =>
      `${versionIn(call(handle, "const char *bli_info_get_version_str()"))}-${String(call(handle, "const char *bli_arch_string(int)", Number(call(handle, "int bli_arch_query_id()"))))}`,
  },
  {
    family: "accelerate",
    mark: "BLASSetThreading",
    // BLAS_THREADING_SINGLE_THREADED of vecLib/thread_api.h, macOS 15.
    singleThreaded: (handle) => call(handle, "int BLASSetThreading(int)", 1),
    describe: () => process.getBuiltinModule("node:os").release(),
  },
  // A BLAS without a known way to ask: Netlib's, which has one thread, or Accelerate before macOS 15.
  { family: "blas", mark: "cblas_sgemm", singleThreaded: () => {}, describe: () => "unknown" },
];

/** Loads a library and makes it single-threaded. @throws Error of the loader, or where it has no `cblas_sgemm` */
export function openBlasLibrary(path: string): OpenBlasLibrary {
  const handle = koffi.load(path);
  const sgemm = handle.func(
    "void cblas_sgemm(int, int, int, int, int, int, float, uintptr_t, int, uintptr_t, int, float, uintptr_t, int)",
  ) as unknown as CblasSgemm;
  const { family, singleThreaded, describe } = families.find(({ mark }) => has(handle, mark))!;
  singleThreaded(handle);
  return { library: { path, family, id: `${family}-${describe(handle)}` }, sgemm };
}

function has(handle: Handle, name: string): boolean {
  try {
    handle.func(`void ${name}()`);
    return true;
  } catch {
    return false;
  }
}
