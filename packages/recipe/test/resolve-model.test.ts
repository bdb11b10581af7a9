import { realpathSync } from "node:fs";
import { folder } from "@attune/model-tiny";
import { createToolbox, resolveModel } from "@attune/recipe";
import { expect, it } from "vitest";

it("finds the folder of a named model in its package", async () => {
  const found = await resolveModel(createToolbox(), "attune:tiny", import.meta.dirname);
  expect(realpathSync(found)).toBe(realpathSync(folder));
});
