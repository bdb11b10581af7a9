import { expect, it } from "vitest";
import { add, createRuntime, mul, tensorType } from "../src/index.ts";
import { createReferenceBackend } from "./reference-backend.ts";

it("an eager op that fails leaves no bytes behind, and the next one works", async () => {
  const inner = createReferenceBackend();
  let [held, fails] = [0, true];
  const backend: typeof inner = {
    ...inner,
    async allocate(role, bytes) {
      held += 1;
      return inner.allocate(role, bytes);
    },
    free() {
      held -= 1;
    },
    async compile(plan) {
      const executable = await inner.compile(plan);
      return {
        ...executable,
        async run(regions) {
          if (fails) throw new Error("the device went away");
          return executable.run(regions);
        },
      };
    },
  };
  const runtime = createRuntime({ backend });
  const x = runtime.tensor([1, 2, 3], tensorType([3]));
  await expect(mul(x, x).data()).rejects.toThrow("the device went away");
  expect(held).toBe(1);
  fails = false;
  const y = add(mul(x, x), x);
  expect([...(await y.data())]).toEqual([2, 6, 12]);
  for (const tensor of [x, y]) tensor[Symbol.dispose]();
  await runtime.dispose();
});
