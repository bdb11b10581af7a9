/** Takes the lock of FOLDER, says so, keeps it for MILLISECONDS and gives it back; prints the code of an AttuneError. */
import { readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { AttuneError } from "@attune/spec";
import { acquireLock } from "../src/index.ts";

const [folder, milliseconds] = process.argv.slice(2) as [string, string];
try {
  const lock = await acquireLock(folder);
  const marker = join(folder, `inside-${process.pid}`);
  writeFileSync(marker, "");
  writeFileSync(1, "locked\n");
  const inside = (): number => readdirSync(folder).filter((name) => name.startsWith("inside-")).length;
  const alone = inside() === 1;
  await delay(Number(milliseconds));
  writeFileSync(1, alone && inside() === 1 ? "alone\n" : "together\n");
  rmSync(marker);
  await lock.release();
} catch (error) {
  if (!AttuneError.is(error)) throw error;
  writeFileSync(1, `${error.code}\n`);
}
