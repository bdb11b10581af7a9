import { existsSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { AttuneError } from "@attune/spec";
import type { SuiteResult } from "./result.ts";

/** Milliseconds between two writes while items come in. */
const interval = 1000;

/** The file of results: whole at any time, at most a second old. */
export interface ResultFile {
  /** Writes, unless it has just been done; `now` writes in any case. */
  write(now?: boolean): void;
}

/** The file of a result that is being filled. */
export function createResultFile(path: string, result: SuiteResult): ResultFile {
  let last = Number.NEGATIVE_INFINITY;
  return {
    write(now = false) {
      if (!now && performance.now() - last < interval) return;
      last = performance.now();
      writeFileSync(`${path}.part`, `${JSON.stringify(result, null, 1)}\n`);
      renameSync(`${path}.part`, path);
    },
  };
}

/**
 * What an earlier run has left, where it is to be gone on with.
 *
 * @throws AttuneError `FILE_EXISTS` where it is not, `INPUT_INVALID` for another file
 */
export function earlierResult(path: string, resume: boolean, quick: boolean): SuiteResult | undefined {
  if (!existsSync(path)) return undefined;
  if (!resume) {
    throw new AttuneError("FILE_EXISTS", `${path} is already there.`, {
      hint: "Give --resume to run what it lacks, or another --output.",
    });
  }
  const earlier = JSON.parse(readFileSync(path, "utf8")) as SuiteResult;
  if (earlier.version !== 2) throw new AttuneError("INPUT_INVALID", `${path} is no result of this suite.`);
  if (earlier.options.quick !== quick) {
    throw new AttuneError("INPUT_INVALID", `${path} is of a run that was ${quick ? "not " : ""}quick.`, {
      hint: `Go on with${quick ? "out" : ""} --quick, or give another --output.`,
    });
  }
  return earlier;
}
