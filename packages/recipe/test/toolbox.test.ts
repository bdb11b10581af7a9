import { splitStage } from "@attune/data-core";
import type { Contract } from "@attune/spec";
import { describe, expect, it } from "vitest";
import { createToolbox } from "../src/index.ts";

const stage = { ...splitStage, id: "mine" } as Contract<string>;
const metric: Contract<string> = { kind: "metric", specificationVersion: 1, id: "f2" };

describe("createToolbox", () => {
  it("takes plugins that bring something a recipe can choose, whatever else is in them", () => {
    expect(createToolbox({ plugins: [[stage, metric]] }).stages.has("mine")).toBe(true);
  });

  it("refuses plugins that would be left out without a word", () => {
    expect(() => createToolbox({ plugins: [[metric]] })).toThrow(
      expect.objectContaining({
        code: "OPTIONS_INVALID",
        message: 'A plugin brings metric "f2", of which a recipe can choose nothing.',
      }),
    );
    const flat = [stage] as unknown as Contract<string>[][];
    expect(() => createToolbox({ plugins: flat })).toThrow(
      "Expected a plugin to be a list of contracts, but received {",
    );
    const misspelt = { plugin: [[stage]] } as object;
    expect(() => createToolbox(misspelt)).toThrow('The key "plugin" is none of the options of createToolbox');
  });
});
