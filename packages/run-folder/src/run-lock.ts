/**
 * Locks of a folder, or of one name in it. A lock is a file `<name>.<pid>-<random>.lock`. Who wants the lock first
 * announces itself by such a file, then looks for others: of two that announce themselves at once, the one that looks
 * last sees the other, so two never both hold it (they may both step back, then they try again after a random pause). A
 * killed holder's file names a process that is gone; since names are unique, removing it cannot hit a living one.
 */
import { randomBytes, randomInt } from "node:crypto";
import { mkdir, readdir, rm } from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { AttuneError, type JsonObject, type JsonValue } from "@attune/spec";
import { fileError, isNotFound } from "./file-error.ts";
import { readJson, writeJsonAtomic } from "./json-file.ts";
import { isProcessAlive, processStart } from "./process-identity.ts";

const lockEnding = /^\.\d+-[0-9a-f]{12}\.lock$/;
const attempts = 5;

/** A held lock. */
export interface RunLock {
  /** The lock's file. */
  readonly file: string;
  /** Gives the lock back; a second call does nothing. */
  release(): Promise<void>;
}

interface LockHolder {
  readonly pid: number;
  readonly hostname: string;
  /** ISO time at which the lock was taken. */
  readonly startedAt: string;
  /** When the process started, as the system counts; tells a process from a later one with the same pid. */
  readonly processStart: string | null;
}

/**
 * Takes the lock of a folder, which is created when it is missing, or of one `name` in it: who writes one file of a folder
 * need not keep others from the rest. Locks of processes that are gone are reclaimed.
 *
 * Throws `RUN_LOCKED` naming process, host and file while a living process, or one on another host, holds it.
 */
export async function acquireLock(folder: string, name = "run"): Promise<RunLock> {
  const file = join(folder, `${name}.${process.pid}-${randomBytes(6).toString("hex")}.lock`);
  try {
    await mkdir(folder, { recursive: true });
    for (let attempt = 1; ; attempt++) {
      await writeJsonAtomic(file, describeSelf());
      const other = await findLivingHolder(folder, name, file);
      if (!other) break;
      await rm(file, { force: true });
      if (attempt === attempts) throw lockedError(name === "run" ? folder : join(folder, name), other);
      await delay(randomInt(5, 40 * attempt));
    }
  } catch (error) {
    await rm(file, { force: true });
    throw fileError(error, folder);
  }
  return { file, release: () => rm(file, { force: true }) };
}

function describeSelf(): JsonObject {
  return {
    pid: process.pid,
    hostname: hostname(),
    startedAt: new Date().toISOString(),
    processStart: processStart(process.pid) ?? null,
  };
}

/** Looks for another lock of the name, removes those of processes that are gone and returns a living one. */
async function findLivingHolder(
  folder: string,
  name: string,
  own: string,
): Promise<{ file: string; holder: LockHolder } | undefined> {
  for (const entry of await readdir(folder)) {
    const file = join(folder, entry);
    const isLock = entry.startsWith(name) && lockEnding.test(entry.slice(name.length));
    if (!isLock || file === own) continue;
    const holder = await readHolder(file);
    if (holder === undefined) continue;
    if (holder.hostname !== hostname() || isProcessAlive(holder.pid, holder.processStart ?? undefined)) {
      return { file, holder };
    }
    await rm(file, { force: true });
  }
  return undefined;
}

/** Returns undefined for a lock that was given back meanwhile. A lock that cannot be read is an error: it may be held. */
async function readHolder(file: string): Promise<LockHolder | undefined> {
  try {
    const holder = await readJson(file, { maxBytes: 2 ** 16 });
    if (isHolder(holder)) return holder;
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
  throw new AttuneError("FILE_CORRUPT", `Expected a lock in ${file}, but it holds something else.`, {
    hint: "Delete the file if no run is using the folder.",
    details: { file },
  });
}

function isHolder(value: JsonValue): value is JsonValue & LockHolder {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return false;
  const { pid, hostname: host, startedAt, processStart: start } = value as JsonObject;
  const textOrNull = start === null || typeof start === "string";
  return (
    Number.isSafeInteger(pid) &&
    (pid as number) > 0 &&
    typeof host === "string" &&
    typeof startedAt === "string" &&
    textOrNull
  );
}

function lockedError(folder: string, { file, holder }: { file: string; holder: LockHolder }): AttuneError {
  return new AttuneError(
    "RUN_LOCKED",
    `Expected ${folder} to be free, but process ${holder.pid} on ${holder.hostname} has been using it since ${holder.startedAt}.`,
    {
      hint: `Wait for it, choose another output, or delete ${file} if that process is gone.`,
      details: { file, pid: holder.pid, hostname: holder.hostname },
    },
  );
}
