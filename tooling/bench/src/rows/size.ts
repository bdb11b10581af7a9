import { existsSync, lstatSync, readdirSync, readFileSync, realpathSync } from "node:fs";
import { join } from "node:path";
import type { Measured } from "../interleave.ts";
import type { Row } from "../row.ts";
import { peersFolder, pythonPath } from "../workplace.ts";

const root = join(import.meta.dirname, "../../../..");

/** Bytes of a file, or of all files below a folder; links are not followed. */
function bytesBelow(folder: string): number {
  if (!lstatSync(folder).isDirectory()) return lstatSync(folder).size;
  return readdirSync(folder, { withFileTypes: true }).reduce((total, entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return entry.name === "node_modules" ? total : total + bytesBelow(path);
    return entry.isFile() ? total + lstatSync(path).size : total;
  }, 0);
}

/** A package as it is installed, with everything that it depends on, each once. */
function installedBytes(folder: string, seen: Set<string> = new Set()): number {
  const real = realpathSync(folder);
  if (seen.has(real)) return 0;
  seen.add(real);
  const { dependencies = {}, files } = JSON.parse(readFileSync(join(real, "package.json"), "utf8")) as {
    dependencies?: Record<string, string>;
    files?: string[];
  };
  const ours = real.startsWith(root) && !real.includes("node_modules");
  const shipped = ours ? (files ?? []).filter((name) => !name.startsWith("!") && existsSync(join(real, name))) : [];
  const own = ours ? shipped.reduce((sum, name) => sum + bytesBelow(join(real, name)), 0) : bytesBelow(real);
  return Object.keys(dependencies).reduce((sum, name) => {
    const nested = [join(real, "node_modules", name), join(real, "..", name), join(real, "../..", name)];
    const found = nested.find((path) => existsSync(join(path, "package.json")));
    return found ? sum + installedBytes(found, seen) : sum;
  }, own);
}

export const sizeRow: Row = {
  id: "size",
  title: "What is installed, dependencies included, without Node and Python themselves",
  unit: "MB",
  minutes: 0.2,
  rate: ({ bytes }) => Number(bytes) / 1e6,
  async run(): Promise<Measured> {
    const peer = (name: string): number => installedBytes(join(peersFolder(), "node_modules", name));
    const items: [string, () => number][] = [
      ["@attune/cli", () => installedBytes(join(root, "apps/cli"))],
      [
        "@attune/peft-lora and @attune/backend-cpu",
        () => {
          const seen = new Set<string>();
          return (
            installedBytes(join(root, "packages/peft-lora"), seen) +
            installedBytes(join(root, "packages/backend-cpu"), seen)
          );
        },
      ],
      ["torch, transformers, peft, trl and what they need", () => bytesBelow(join(pythonPath(), "../../lib"))],
      ["onnxruntime-node", () => peer("onnxruntime-node")],
      ["@jax-js/jax", () => peer("@jax-js/jax")],
      ["tfjs-core and tfjs-backend-wasm", () => peer("@tensorflow/tfjs-backend-wasm") + peer("@tensorflow/tfjs-core")],
    ];
    const one = { median: 1, low: 1, high: 1 };
    const skipped: { subject: string; reason: string }[] = [];
    const results = items.flatMap(([subject, bytes]) => {
      try {
        return [{ subject, samples: [{ seconds: 1, bytes: bytes() }], seconds: one, firstIsFasterBy: one }];
      } catch (error) {
        skipped.push({ subject, reason: error instanceof Error ? error.message : String(error) });
        return [];
      }
    });
    return { cases: [{ name: "", request: {}, results }], subjects: [], skipped };
  },
};
