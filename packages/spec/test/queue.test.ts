import { setImmediate } from "node:timers/promises";
import { expect, it } from "vitest";
import { createQueue } from "../src/index.ts";

it("a queue runs one task at a time, in order, also behind one that fails", async () => {
  const queue = createQueue();
  const events: string[] = [];
  const task = (name: string, rounds: number) => async (): Promise<string> => {
    events.push(`${name} starts`);
    for (let round = 0; round < rounds; round++) await setImmediate();
    events.push(`${name} ends`);
    if (name === "b") throw new Error("b fails");
    return name;
  };
  const results = await Promise.allSettled([queue(task("a", 3)), queue(task("b", 2)), queue(task("c", 0))]);
  expect(events).toEqual(["a starts", "a ends", "b starts", "b ends", "c starts", "c ends"]);
  expect(results).toEqual([
    { status: "fulfilled", value: "a" },
    { status: "rejected", reason: new Error("b fails") },
    { status: "fulfilled", value: "c" },
  ]);
});
