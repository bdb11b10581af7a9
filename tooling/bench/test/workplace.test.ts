import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { madeFor } from "../src/workplace.ts";

const place = mkdtempSync(join(tmpdir(), "attune-workplace-"));
afterAll(() => rmSync(place, { recursive: true }));

it("makes a folder once for its pins, anew for others, and again where it was not finished", () => {
  const [folder, pins] = [join(place, "made"), join(place, "pins.txt")];
  let made = 0;
  const make = (): void => {
    made++;
    expect(existsSync(join(folder, "old"))).toBe(false);
    writeFileSync(join(folder, "old"), "");
  };
  writeFileSync(pins, "torch==1");
  madeFor(folder, pins, make);
  madeFor(folder, pins, make);
  expect(made).toBe(1);
  writeFileSync(pins, "torch==2");
  expect(() =>
    madeFor(folder, pins, () => {
      throw new Error("no network");
    }),
  ).toThrow("no network");
  madeFor(folder, pins, make);
  madeFor(folder, pins, make);
  expect(made).toBe(2);
});
