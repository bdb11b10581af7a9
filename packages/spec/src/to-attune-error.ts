import { AttuneError, type AttuneErrorDetails } from "./attune-error.ts";
import type { ErrorCode } from "./error-code.ts";
import { shorten } from "./shorten.ts";

interface SystemReason {
  readonly code: ErrorCode;
  readonly sentence: (where: string) => string;
  readonly hint: string;
}

const full: SystemReason = {
  code: "DISK_FULL",
  sentence: (where) => `There is no space left on the disk to write${where}.`,
  hint: "Free some space or choose another output folder; what was written before is intact.",
};
const denied: SystemReason = {
  code: "INPUT_INVALID",
  sentence: (where) => `The system did not allow access to${where || " a file"}.`,
  hint: "Check the permissions of the path, or choose another one.",
};

/** Errors of the operating system that a user can do something about, by their `code`. */
const systemReasons: ReadonlyMap<unknown, SystemReason> = new Map<unknown, SystemReason>([
  ["ENOSPC", full],
  ["EDQUOT", full],
  [
    "ENOENT",
    {
      code: "FILE_NOT_FOUND",
      sentence: (where) => `Expected a file or folder at${where || " a path"}, but there is none.`,
      hint: "Check the path and the folder the command was started in.",
    },
  ],
  [
    "EEXIST",
    {
      code: "FILE_EXISTS",
      sentence: (where) => `Expected to create${where || " a file"}, but it exists already.`,
      hint: "Choose another path, or remove what is there.",
    },
  ],
  [
    "EISDIR",
    {
      code: "INPUT_INVALID",
      sentence: (where) => `Expected a file at${where || " a path"}, but it is a folder.`,
      hint: "Give the path of a file inside it.",
    },
  ],
  [
    "ENOTDIR",
    {
      code: "INPUT_INVALID",
      sentence: (where) => `Expected a folder at${where || " a path"}, but part of the path is a file.`,
      hint: "Give the path of a folder.",
    },
  ],
  [
    "ELOOP",
    {
      code: "INPUT_INVALID",
      sentence: (where) =>
        `Expected a file or folder at${where || " a path"}, but its symbolic links lead in a circle.`,
      hint: "Give the path that the links were to lead to.",
    },
  ],
  [
    "ENAMETOOLONG",
    {
      code: "INPUT_INVALID",
      sentence: (where) => `Expected a path that the system takes, but${shorten(where) || " one"} is too long.`,
      hint: "Choose a shorter name.",
    },
  ],
  [
    "EMFILE",
    {
      code: "INPUT_INVALID",
      sentence: (where) => `The system allows no more open files, so that${where || " one"} could not be opened.`,
      hint: "Raise the limit, for example with: ulimit -n 4096",
    },
  ],
  [
    "EFBIG",
    {
      code: "DISK_FULL",
      sentence: (where) => `The system does not allow a file as large as${where || " the one that is written"}.`,
      hint: "Raise the limit (ulimit -f), or write to another file system; what was written before is intact.",
    },
  ],
  ["EACCES", denied],
  ["EPERM", denied],
  ["EROFS", denied],
  [
    "ERR_MODULE_NOT_FOUND",
    {
      code: "DEPENDENCY_MISSING",
      sentence: () => "A package that this needs is not installed.",
      hint: "Install the package that the cause names.",
    },
  ],
]);

/**
 * Turns anything thrown into an AttuneError: one that is one already passes unchanged, an AbortError becomes
 * `ABORTED`, errors of the file system keep their path, and everything else is `INTERNAL` with the cause attached.
 */
export function toAttuneError(cause: unknown): AttuneError {
  if (AttuneError.is(cause)) return cause;
  if (!(cause instanceof Error))
    return new AttuneError("INTERNAL", `Something that is no error was thrown: ${String(cause)}.`, { cause });
  if (cause.name === "AbortError") return new AttuneError("ABORTED", "The operation was aborted.", { cause });
  const { code, path } = cause as NodeJS.ErrnoException;
  const reason = systemReasons.get(code);
  if (reason) {
    const details: AttuneErrorDetails | undefined = path === undefined ? undefined : { file: path };
    const where = path === undefined ? "" : ` ${path}`;
    return new AttuneError(reason.code, reason.sentence(where), { hint: reason.hint, cause, details });
  }
  return new AttuneError("INTERNAL", cause.message || cause.name, { cause });
}
