import { testAdapterMethod } from "@attune/peft-testkit";
import { describe, it } from "vitest";
import { outputScale } from "./output-scale.ts";

testAdapterMethod(
  outputScale,
  { describe, it },
  {
    cases: [
      { name: "default targets", options: {}, unmerges: false },
      {
        name: "all linear",
        options: { start: 1.5, targetModules: "all-linear" },
        startsAsBase: false,
        unmerges: false,
      },
    ],
    wrongOptions: [{ options: { start: 0 }, names: "start" }],
  },
);
