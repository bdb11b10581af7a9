import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, it, vi } from "vitest";
import { readUserCache, type UserCacheEntry, userCacheFile, userCacheFolder, writeUserCache } from "../src/index.ts";
import { temporaryFolder } from "./temporary-folder.ts";

const entryIn = (folder: string, key: UserCacheEntry["key"] = { processor: "one", width: 8 }): UserCacheEntry => ({
  folder,
  kind: "fact",
  key,
});

describe("the user's cache", () => {
  it("gives back what was kept for a key, whatever the order of its fields, and nothing for another", () => {
    const folder = join(temporaryFolder(), "made", "when needed");
    expect(readUserCache(entryIn(folder))).toBeUndefined();
    expect(writeUserCache(entryIn(folder), { usable: true })).toBe(true);
    expect(readUserCache(entryIn(folder, { width: 8, processor: "one" }))).toEqual({ usable: true });
    expect(readUserCache(entryIn(folder, { processor: "two", width: 8 }))).toBeUndefined();
    expect(readdirSync(folder)).toEqual([userCacheFile(entryIn(folder)).split("/").at(-1)]);
  });

  it.each([
    ["nothing", () => ""],
    ["half of itself", (whole: string) => whole.slice(0, whole.length / 2)],
    ["no object", () => "7"],
    ["null", () => "null"],
    ["another key", (whole: string) => whole.replace("one", "two")],
    ["a key that is none", () => '{"key":{"__proto__":[1]},"value":{"usable":true}}'],
    ["far too much", (whole: string) => whole + " ".repeat(2 ** 17)],
  ])("is as if empty where the file holds %s", (_, damage) => {
    const entry = entryIn(temporaryFolder());
    writeUserCache(entry, { usable: true });
    writeFileSync(userCacheFile(entry), damage(readFileSync(userCacheFile(entry), "utf8")));
    expect(readUserCache(entry)).toBeUndefined();
    expect(writeUserCache(entry, 2)).toBe(true);
    expect(readUserCache(entry)).toBe(2);
  });

  it("keeps nothing where it cannot, and leaves no draft", () => {
    const entry = entryIn(temporaryFolder());
    mkdirSync(userCacheFile(entry));
    expect(writeUserCache(entry, 1)).toBe(false);
    expect(readUserCache(entry)).toBeUndefined();
    expect(readdirSync(dirname(userCacheFile(entry)))).toHaveLength(1);
    expect(writeUserCache(entryIn(join(import.meta.filename, "below")), 1)).toBe(false);
  });

  it("obeys XDG_CACHE_HOME", () => {
    vi.stubEnv("XDG_CACHE_HOME", "/elsewhere");
    expect(userCacheFolder()).toBe(join("/elsewhere", "attune"));
    vi.unstubAllEnvs();
  });
});
