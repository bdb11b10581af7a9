import { AttuneError } from "@attune/spec";

/** The error that a tokenizer's files are not as they must be, where no reader of fields stands. `where` begins with the file. */
export function corruptTokenizer(where: string, problem: string, hint?: string): AttuneError {
  return new AttuneError("FILE_CORRUPT", `${where}: ${problem}`, {
    hint: hint ?? "The file is damaged or of another kind; fetch or write it again.",
    details: { key: where },
  });
}
