/**
 * Puts the suite and everything it needs into one folder, which runs wherever Node 22.18 or later and a GPU driver are:
 *
 * pnpm compile && node tooling/gpu-suite/pack.mjs FOLDER, then there: node gpu-suite.ts > result.json
 */
import { cpSync, mkdirSync, readdirSync, realpathSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const [target] = process.argv.slice(2);
if (target === undefined) {
  process.stderr.write("usage: node tooling/gpu-suite/pack.mjs FOLDER\n");
  process.exit(2);
}
const here = import.meta.dirname;
const root = join(here, "../..");
mkdirSync(target, { recursive: true });
for (const name of readdirSync(here).filter((file) => file.endsWith(".ts")))
  cpSync(join(here, name), join(target, name));
cpSync(join(here, "README.md"), join(target, "README.md"));
for (const name of ["spec", "run-folder", "tensor-core", "tensor-conformance", "backend-webgpu"]) {
  const [from, to] = [join(root, "packages", name), join(target, "node_modules/@attune", name)];
  cpSync(join(from, "dist"), join(to, "dist"), { recursive: true });
  cpSync(join(from, "package.json"), join(to, "package.json"));
}
const dawn = realpathSync(join(root, "packages/backend-webgpu/node_modules/webgpu"));
cpSync(dawn, join(target, "node_modules/webgpu"), { recursive: true, dereference: true });
writeFileSync(
  join(target, "package.json"),
  `${JSON.stringify({ name: "gpu-suite", private: true, type: "module" })}\n`,
);
