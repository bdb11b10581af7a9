/**
 * Installs the packed packages with npm in empty folders, as a consumer would, and uses them on each supported Node:
 *
 * - each package alone: only the packages that it declares come along, and nothing else of the workspace;
 * - all packages together on Node 22, 24 and 26: every entry is imported and `attune` answers.
 *
 * The Node versions come from npm as aliases of the package `node`. Needs a registry; part of `npm run test:full`.
 */
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { packMembers } from "./pack-members.mjs";
import { finishCheck, workspaceDependencies } from "./workspace.mjs";

const nodeMajors = [22, 24, 26];
const scratch = mkdtempSync(join(tmpdir(), "attune-smoke-"));
try {
  const packed = packMembers(join(scratch, "tarballs"));
  const problems = [...installAlone(packed), ...useTogether(packed, installNodes())];
  finishCheck("smoke-tarballs", problems, `${packed.length} packages work on Node ${nodeMajors.join(", ")}`);
} finally {
  rmSync(scratch, { recursive: true, force: true });
}

function installAlone(packed) {
  const byName = new Map(packed.map((item) => [item.member.name, item]));
  return packed.flatMap(({ member }) => {
    const closure = closureOf(member, byName);
    const folder = makeProject(`alone-${member.name}`);
    npmInstall(
      folder,
      closure.map((name) => byName.get(name).tarball),
    );
    const installed = readdirSync(join(folder, "node_modules", "@attune")).sort();
    const others = readdirSync(join(folder, "node_modules")).filter(
      (name) => !name.startsWith(".") && name !== "@attune",
    );
    process.stdout.write(
      `${member.manifest.name} brings ${[...installed.filter((name) => name !== member.name), ...others].join(", ") || "nothing"}\n`,
    );
    return installed.join() === closure.join()
      ? importAll(
          process.execPath,
          folder,
          [member],
          closure.map((name) => byName.get(name).member),
        )
      : [`${member.folder} installs [${installed}] instead of [${closure}]`];
  });
}

/** Names of a member and of all workspace packages that it needs, sorted. */
function closureOf(member, byName) {
  const names = new Set([member.name]);
  for (const name of names) {
    for (const dependency of workspaceDependencies(byName.get(name).member)) names.add(dependency);
  }
  return [...names].sort();
}

function useTogether(packed, nodes) {
  const folder = makeProject("together");
  npmInstall(
    folder,
    packed.map(({ tarball }) => tarball),
  );
  return nodes.flatMap(({ version, executable }) => {
    const found = importAll(
      executable,
      folder,
      packed.map(({ member }) => member),
    );
    for (const { member } of packed.filter(({ member }) => member.manifest.bin)) {
      for (const [name, file] of Object.entries(member.manifest.bin)) {
        const path = join(folder, "node_modules", member.manifest.name, file);
        const run = spawnSync(executable, [path, "--version"], { encoding: "utf8" });
        if (run.status !== 0) found.push(`${name} --version ended with ${run.status}: ${run.stderr}`);
      }
    }
    return found.map((problem) => `Node ${version}: ${problem}`);
  });
}

/**
 * Imports the entries of members and checks that each one exports something and leaves nothing on globalThis. What
 * other people's packages leave there, of which the installed members are made, is not held against them.
 */
function importAll(executable, folder, members, installed = members) {
  const file = join(folder, "import-all.mjs");
  const names = members.filter(({ manifest }) => manifest.exports?.["."]).map(({ manifest }) => manifest.name);
  const foreign = new Set(installed.flatMap(foreignDependencies));
  writeFileSync(
    file,
    `for (const name of ${JSON.stringify([...foreign])}) await import(name);
const before = new Set(Reflect.ownKeys(globalThis));
for (const name of ${JSON.stringify(names)}) {
  if (Object.keys(await import(name)).length === 0) throw new Error(name + " exports nothing");
  const left = Reflect.ownKeys(globalThis).filter((key) => !before.has(key)).map(String);
  if (left.length > 0) throw new Error(name + " leaves " + left.join(", ") + " on globalThis");
}
`,
  );
  const run = spawnSync(executable, [file], { cwd: folder, encoding: "utf8" });
  return run.status === 0 ? [] : [`importing ${names.join(", ")} failed: ${run.stderr}`];
}

function foreignDependencies({ manifest }) {
  return Object.keys(manifest.dependencies ?? {}).filter((name) => !name.startsWith("@attune/"));
}

function installNodes() {
  const folder = makeProject("nodes");
  npmInstall(
    folder,
    nodeMajors.map((major) => `node${major}@npm:node@${major}`),
  );
  return nodeMajors.map((major) => {
    const executable = join(
      folder,
      "node_modules",
      `node${major}`,
      "bin",
      process.platform === "win32" ? "node.exe" : "node",
    );
    const run = spawnSync(executable, ["--version"], { encoding: "utf8" });
    const version = run.stdout?.trim() ?? "";
    if (!version.startsWith(`v${major}.`))
      throw new Error(`expected Node ${major} in ${executable}, but it says "${version}"`);
    process.stdout.write(`Node ${version}\n`);
    return { version, executable };
  });
}

function makeProject(name) {
  const folder = join(scratch, name);
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "package.json"), JSON.stringify({ name: "consumer", private: true, type: "module" }));
  return folder;
}

function npmInstall(folder, specifiers) {
  const options = ["install", "--no-audit", "--no-fund", "--loglevel=error", ...specifiers];
  const run = spawnSync("npm", options, { cwd: folder, encoding: "utf8", shell: process.platform === "win32" });
  if (run.status !== 0) throw new Error(`npm install ${specifiers.join(" ")} failed:\n${run.stdout}${run.stderr}`);
}
