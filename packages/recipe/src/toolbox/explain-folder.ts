// What people give for a model or an adapter instead: the folder of a run, the other of the two, or a name at Hugging Face.
import { readdir, stat } from "node:fs/promises";
import { basename, join, relative, resolve } from "node:path";
import { runFolderLayout } from "@attune/run-folder";
import { AttuneError } from "@attune/spec";

/** Throws `FILE_NOT_FOUND` for a folder without a model that is a run or an adapter, naming what to give instead. */
export async function assertNoOther(folder: string, wanted: "model" | "adapter"): Promise<void> {
  const names = new Set(await readdir(folder).catch(() => []));
  if (names.has(wanted === "model" ? "config.json" : "adapter_config.json")) return;
  const layout = runFolderLayout(folder);
  if (names.has(basename(layout.config))) {
    const made = ["merged", "model", "adapter"].filter((name) => names.has(name));
    const fitting = made.filter((name) => (name === "adapter") === (wanted === "adapter"));
    throw new AttuneError(
      "FILE_NOT_FOUND",
      `Expected ${article[wanted]} in ${folder}, but it is the folder of a run.`,
      {
        hint:
          fitting.length > 0
            ? `Give ${join(folder, fitting[0]!)}.`
            : made.length > 0
              ? `The run has none; what it has made: ${made.map((name) => join(folder, name)).join(", ")}.`
              : "The run has made none yet; go on with it by --resume.",
        details: { file: layout.folder, key: wanted },
      },
    );
  }
  if (wanted === "model" && names.has("adapter_config.json")) {
    throw new AttuneError("FILE_NOT_FOUND", `Expected a model in ${folder}, but it holds an adapter.`, {
      hint: "Give the adapter as such (--adapter), and the model that it was trained on.",
      details: { file: folder, key: wanted },
    });
  }
}

const article = { model: "a model", adapter: "an adapter" } as const;

/** The error of a model that is nowhere: nothing is fetched, which those who know other tools expect. */
export async function noModel(
  reference: string,
  baseDirectory: string,
  named: readonly string[],
): Promise<AttuneError> {
  const inside = relative(baseDirectory, resolve(baseDirectory, reference)).replaceAll("\\", "/");
  const [owner, name] = /^[\w.-]+\/[\w.-]+$/.test(inside) && !inside.startsWith(".") ? inside.split("/") : [];
  const hasOwner =
    owner !== undefined && (await stat(resolve(baseDirectory, owner)).catch(() => undefined)) !== undefined;
  const hub = name === undefined || hasOwner ? "OWNER/NAME" : inside;
  const there = named.length === 0 ? "" : ` Names that are there: ${named.join(", ")}.`;
  return new AttuneError("FILE_NOT_FOUND", `Expected the folder of a model at ${reference}, but there is none.`, {
    hint: `Models are read from the disk; one of Hugging Face is fetched first: git lfs install && git clone https://huggingface.co/${hub}.${there}`,
    details: { file: reference, key: "model" },
  });
}
