// The command line lets V8 fuse vectors to 256 bits before the first kernel is compiled; a program that calls it decides for itself.
import { afterEach, expect, it, vi } from "vitest";
import { processHost } from "../src/host.ts";
import { openToolbox } from "../src/open/open-toolbox.ts";

const enable256Bits = vi.hoisted(() => vi.fn());
vi.mock("@attune/backend-cpu", async (original) => ({
  ...(await original<typeof import("@attune/backend-cpu")>()),
  enable256Bits,
}));
afterEach(() => vi.clearAllMocks());

it("asks for 256 bits in a process of its own", async () => {
  await openToolbox({ ...processHost(), ownsProcess: true }, []);
  expect(enable256Bits).toHaveBeenCalledTimes(1);
});

it("leaves the engine of another program as it is", async () => {
  await openToolbox({ ...processHost(), ownsProcess: false }, []);
  expect(enable256Bits).not.toHaveBeenCalled();
});
