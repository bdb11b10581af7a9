import { mkdirSync, realpathSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { folder } from "@attune/model-tiny";
import { createToolbox, resolveModel } from "@attune/recipe";
import { expect, it } from "vitest";
import { assertNoOther } from "../src/toolbox/explain-folder.ts";
import { temporaryFolder } from "./tiny-model.ts";

it("finds the folder of a named model in its package", async () => {
  const found = await resolveModel(createToolbox(), "attune:tiny", import.meta.dirname);
  expect(realpathSync(found)).toBe(realpathSync(folder));
});

it("says what to give where a run or an adapter was given for a model, and the other way round", async () => {
  const place = temporaryFolder();
  const write = (...path: string[]) => {
    mkdirSync(join(place, ...path.slice(0, -1)), { recursive: true });
    writeFileSync(join(place, ...path), "");
  };
  const run = join(place, "run");
  const model = (path: string) => resolveModel(createToolbox(), path, place);
  const found = (hint: string) => expect.objectContaining({ code: "FILE_NOT_FOUND", hint });

  write("run", "config.resolved.yaml");
  await expect(model(run)).rejects.toEqual(found("The run has made none yet; go on with it by --resume."));
  write("run", "adapter", "adapter_config.json");
  await expect(model(run)).rejects.toEqual(found(`The run has none; what it has made: ${join(run, "adapter")}.`));
  await expect(assertNoOther(run, "adapter")).rejects.toEqual(found(`Give ${join(run, "adapter")}.`));
  await expect(model(join(run, "adapter"))).rejects.toEqual(found(expect.stringContaining("(--adapter)") as string));
  write("run", "merged", "config.json");
  await expect(model(run)).rejects.toEqual(found(`Give ${join(run, "merged")}.`));
  expect(await model(join(run, "merged"))).toBe(join(run, "merged"));
  await assertNoOther(join(run, "adapter"), "adapter");
});

it("says that nothing is fetched where a name of Hugging Face was given", async () => {
  const place = temporaryFolder();
  const hintOf = (path: string) =>
    resolveModel(createToolbox(), path, place).catch(({ code, hint }) => `${code}: ${hint}`);
  const named = /^FILE_NOT_FOUND: .* git clone https:\/\/huggingface\.co\/meta-llama\/Llama-3\.2-1B\.$/;
  expect(await hintOf(join(place, "meta-llama", "Llama-3.2-1B"))).toMatch(named);
  for (const path of ["gpt2", join("..", "else", "where")]) {
    expect(await hintOf(join(place, path))).toMatch(/huggingface\.co\/OWNER\/NAME\./);
  }
  mkdirSync(join(place, "models"));
  expect(await hintOf(join(place, "models", "mine"))).toMatch(/huggingface\.co\/OWNER\/NAME\./);
});
