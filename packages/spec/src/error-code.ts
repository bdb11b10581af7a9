/** A process exit code: 1 failed, 2 wrong usage, 3 gate not met, 4 device or dependency missing, 130 interrupted. */
export type ExitCode = 1 | 2 | 3 | 4 | 130;

/** Machine-readable reason of an AttuneError, stable across releases. */
export type ErrorCode =
  | "OPTIONS_INVALID"
  | "INPUT_INVALID"
  | "FILE_NOT_FOUND"
  | "FILE_CORRUPT"
  | "FILE_UNSUPPORTED"
  | "FILE_EXISTS"
  | "SHAPE_MISMATCH"
  | "DTYPE_MISMATCH"
  | "ID_UNKNOWN"
  | "CONFIG_UNKNOWN_KEY"
  | "CONFIG_INCOMPATIBLE"
  | "DATA_EMPTY"
  | "DATA_LEAK"
  | "LABELS_INVALID"
  | "CONTEXT_EXCEEDED"
  | "DEVICE_UNAVAILABLE"
  | "DEPENDENCY_MISSING"
  | "MEMORY_EXCEEDED"
  | "DISK_FULL"
  | "RUN_LOCKED"
  | "RUN_MISMATCH"
  | "GATE_FAILED"
  | "ABORTED"
  | "NUMERICS"
  | "INTERNAL";

const exitCodes: Readonly<Record<ErrorCode, ExitCode>> = {
  OPTIONS_INVALID: 2,
  INPUT_INVALID: 1,
  FILE_NOT_FOUND: 1,
  FILE_CORRUPT: 1,
  FILE_UNSUPPORTED: 1,
  FILE_EXISTS: 1,
  SHAPE_MISMATCH: 1,
  DTYPE_MISMATCH: 1,
  ID_UNKNOWN: 2,
  CONFIG_UNKNOWN_KEY: 2,
  CONFIG_INCOMPATIBLE: 2,
  DATA_EMPTY: 1,
  DATA_LEAK: 1,
  LABELS_INVALID: 1,
  CONTEXT_EXCEEDED: 1,
  DEVICE_UNAVAILABLE: 4,
  DEPENDENCY_MISSING: 4,
  MEMORY_EXCEEDED: 1,
  DISK_FULL: 1,
  RUN_LOCKED: 1,
  RUN_MISMATCH: 2,
  GATE_FAILED: 3,
  ABORTED: 130,
  NUMERICS: 1,
  INTERNAL: 1,
};

/** Returns the exit code with which a command ends for an error of this code. */
export function errorExitCode(code: ErrorCode): ExitCode {
  return exitCodes[code];
}
