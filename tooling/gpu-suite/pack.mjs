/**
 * Puts the suite and everything it needs into one folder, which runs wherever a GPU driver is:
 *
 * pnpm compile && node tooling/gpu-suite/pack.mjs FOLDER [--platform linux-x64] [--node] [--libraries DIR]
 *
 * --platform   Dawn for this platform alone instead of all five (108 MB less)
 * --node       the Node that runs this, for a machine without one of the same platform; `strip` makes it smaller where it is there
 * --libraries  shared libraries to take along, such as an unpacked libvulkan1: they are tried where the machine's own do not suffice
 */
import { spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, realpathSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { parseArgs } from "node:util";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { platform: { type: "string" }, node: { type: "boolean" }, libraries: { type: "string" } },
});
const [target] = positionals;
if (target === undefined) {
  process.stderr.write("usage: node pack.mjs FOLDER [--platform linux-x64] [--node] [--libraries DIR]\n");
  process.exit(2);
}
const here = import.meta.dirname;
const readJson = (path) => JSON.parse(readFileSync(path, "utf8"));

/** Folder of a package as seen from another, its links resolved. */
function folderOf(name, from) {
  const paths = createRequire(join(from, "package.json")).resolve.paths(name);
  const found = paths.map((path) => join(path, name)).find((path) => existsSync(join(path, "package.json")));
  if (found === undefined) throw new Error(`${from} asks for ${name}, which is not installed.`);
  return realpathSync(found);
}

const versions = {};
const packed = new Map();

/** What of a package is needed to run it: of our own, what is compiled, and the model. */
function copyPackage(name, from, into) {
  const manifest = readJson(join(from, "package.json"));
  versions[name] = manifest.version;
  const own = name.startsWith("@attune/");
  const parts = own ? ["package.json", "dist", "model"].filter((part) => existsSync(join(from, part))) : ["."];
  const isLeftOut = (path) =>
    /[.]map$|[.]d[.]ts$/.test(path) || (name === "webgpu" && isOtherPlatform(path)) || path.endsWith("/node_modules");
  for (const part of parts)
    cpSync(join(from, part), join(into, part), {
      recursive: true,
      dereference: true,
      filter: (path) => !isLeftOut(path),
    });
  return manifest;
}

/** Dawn's folder of another platform. */
function isOtherPlatform(path) {
  const [, platform] = /webgpu\/dist\/([^/]+)/.exec(path.replaceAll("\\", "/")) ?? [];
  return values.platform !== undefined && platform !== undefined && platform !== values.platform;
}

/** Copies a package and all that it needs; two versions of one would need two places, and there is one. */
function pack(name, from) {
  const folder = folderOf(name, from);
  if (packed.has(name)) {
    if (packed.get(name) !== folder)
      throw new Error(`There are two versions of ${name}: ${folder}, ${packed.get(name)}.`);
    return;
  }
  packed.set(name, folder);
  const { dependencies = {} } = copyPackage(name, folder, join(target, "node_modules", name));
  for (const each of Object.keys(dependencies)) pack(each, folder);
}

mkdirSync(target, { recursive: true });
for (const name of readdirSync(here).filter((file) => file.endsWith(".ts") || ["README.md", "run.sh"].includes(file)))
  cpSync(join(here, name), join(target, name));
cpSync(join(here, "src"), join(target, "src"), { recursive: true });
for (const name of Object.keys(readJson(join(here, "package.json")).dependencies)) pack(name, here);
if (values.libraries !== undefined) {
  mkdirSync(join(target, "lib"), { recursive: true });
  for (const entry of readdirSync(values.libraries, { recursive: true, withFileTypes: true }))
    if (/[.]so([.]|$)/.test(entry.name))
      cpSync(join(entry.parentPath, entry.name), join(target, "lib", entry.name), { dereference: true });
}
if (values.node) {
  mkdirSync(join(target, "bin"), { recursive: true });
  cpSync(realpathSync(process.execPath), join(target, "bin/node"));
  spawnSync("strip", [join(target, "bin/node")]);
}
const { stdout: commit } = spawnSync("git", ["-C", dirname(here), "describe", "--always", "--dirty", "--abbrev=12"], {
  encoding: "utf8",
});
const about = { packed: new Date().toISOString(), commit: (commit ?? "").trim(), node: process.version, versions };
writeFileSync(join(target, "packed.json"), `${JSON.stringify(about, null, 1)}\n`);
writeFileSync(
  join(target, "package.json"),
  `${JSON.stringify({ name: "gpu-suite", private: true, type: "module" })}\n`,
);
