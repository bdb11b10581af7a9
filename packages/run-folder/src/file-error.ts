import { AttuneError, toAttuneError } from "@attune/spec";

/**
 * Turns an error of the operating system into an AttuneError that names the file, also where the system did not
 * (a failed write); anything else is returned as it is.
 */
export function fileError(cause: unknown, file: string): unknown {
  if (!(cause instanceof Error) || !("syscall" in cause)) return cause;
  const error = toAttuneError(cause);
  if (error.details?.file !== undefined) return error;
  return new AttuneError(error.code, `${error.message.replace(/\.$/, "")} (${file}).`, {
    hint: error.hint,
    cause,
    details: { file },
  });
}

/** Whether an error says that a file or folder is not there, as an AttuneError or as the system says it. */
export function isNotFound(error: unknown): boolean {
  if (AttuneError.is(error)) return error.code === "FILE_NOT_FOUND";
  return error instanceof Error && "code" in error && error.code === "ENOENT";
}
