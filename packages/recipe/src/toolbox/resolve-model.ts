import { stat } from "node:fs/promises";
import { createRequire } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { AttuneError, toAttuneError } from "@attune/spec";
import { isModelName } from "../config/resolve-paths.ts";
import { assertNoOther, noModel } from "./explain-folder.ts";
import type { Toolbox } from "./toolbox.ts";

/**
 * The folder of a model: a path as it is, a name such as `attune:tiny` through the toolbox, else through the package
 * `@attune/model-tiny`, whose export `folder` says where its files are.
 *
 * @throws AttuneError `DEPENDENCY_MISSING` for a name whose package is not installed, `FILE_NOT_FOUND` for a path without a folder,
 * and for the folder of a run or of an adapter
 */
export async function resolveModel(
  toolbox: Toolbox,
  reference: string,
  baseDirectory: string = toolbox.baseDirectory,
): Promise<string> {
  const known = toolbox.models.get(reference);
  if (known !== undefined) return known();
  if (isModelName(reference)) return packagedModel(toolbox, reference, baseDirectory);
  const found = await stat(reference).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== "ENOENT") throw toAttuneError(error);
  });
  if (found === undefined) throw await noModel(reference, baseDirectory, [...toolbox.models.keys()]);
  if (found.isDirectory()) {
    await assertNoOther(reference, "model");
    return reference;
  }
  throw new AttuneError("INPUT_INVALID", `Expected the folder of a checkpoint at ${reference}, but it is a file.`, {
    hint: "Give the folder that holds config.json and the safetensors files.",
    details: { file: reference, key: "model" },
  });
}

async function packagedModel(toolbox: Toolbox, reference: string, baseDirectory: string): Promise<string> {
  const [scope, name] = reference.split(":") as [string, string];
  const packageName = `@${scope}/model-${name}`;
  for (const start of [pathToFileURL(join(baseDirectory, "resolver.js")).href, import.meta.url]) {
    try {
      const entry = createRequire(start).resolve(packageName);
      const module = (await import(pathToFileURL(entry).href)) as { folder?: unknown };
      if (typeof module.folder === "string") return module.folder;
    } catch (error) {
      if (!["MODULE_NOT_FOUND", "ERR_MODULE_NOT_FOUND"].includes((error as NodeJS.ErrnoException).code ?? ""))
        throw error;
    }
  }
  const named = [...toolbox.models.keys()].join(", ");
  throw new AttuneError(
    "DEPENDENCY_MISSING",
    `The model ${reference} comes with the npm package ${packageName}, which is not installed.`,
    {
      hint: `Install it with: npm install ${packageName}${named === "" ? "" : `; models that are there: ${named}`}`,
      details: { key: packageName },
    },
  );
}
