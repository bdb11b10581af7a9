import { AttuneError, type AttuneErrorDetails } from "@attune/spec";

/** Makes the error for a file whose content cannot be trusted. `problem` says what was expected and what was found. */
export function corruptFile(
  file: string,
  problem: string,
  details: AttuneErrorDetails = {},
  hint?: string,
): AttuneError {
  return new AttuneError("FILE_CORRUPT", `${file}: ${problem}`, {
    hint: hint ?? "The file is truncated, damaged or of another kind; fetch or write it again.",
    details: { file, ...details },
  });
}
