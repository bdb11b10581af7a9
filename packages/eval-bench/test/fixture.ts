import { readFileSync } from "node:fs";

/** Reads a fixture that tooling/reference/statistics wrote. */
export function readFixture<T>(name: string): T {
  return JSON.parse(readFileSync(new URL(`./fixtures/${name}.json`, import.meta.url), "utf8")) as T;
}
