/**
 * Installs the packed packages with npm in empty folders, as a consumer would, and uses them on each supported Node:
 *
 * - each package alone: only the packages that it declares come along, and nothing else of the workspace;
 * - all packages together on Node 22, 24 and 26: every entry is imported, and `attune` gives the same tokens everywhere;
 * - the guide for authors of methods: its files and commands, in a folder of its own.
 *
 * The Node versions come from npm as aliases of the package `node`. Needs a registry; part of `npm run test:full`.
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { makeProject, npmInstall } from "./consumer-project.mjs";
import { followMethodGuide } from "./follow-method-guide.mjs";
import { packMembers } from "./pack-members.mjs";
import { finishCheck, workspaceDependencies } from "./workspace.mjs";

const nodeMajors = [22, 24, 26];
const scratch = mkdtempSync(join(tmpdir(), "attune-smoke-"));
try {
  const packed = packMembers(join(scratch, "tarballs"));
  const tarballs = packed.map(({ tarball }) => tarball);
  const problems = [
    ...installAlone(packed),
    ...useTogether(packed, installNodes()),
    ...followMethodGuide(scratch, tarballs),
  ];
  finishCheck("smoke-tarballs", problems, `${packed.length} packages work on Node ${nodeMajors.join(", ")}`);
} finally {
  rmSync(scratch, { recursive: true, force: true });
}

function installAlone(packed) {
  const byName = new Map(packed.map((item) => [item.member.name, item]));
  return packed.flatMap(({ member }) => {
    const closure = closureOf(member, byName);
    const folder = makeProject(scratch, `alone-${member.name}`);
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
  const folder = makeProject(scratch, "together");
  npmInstall(
    folder,
    packed.map(({ tarball }) => tarball),
  );
  const members = packed.map(({ member }) => member);
  const answers = nodes.map(({ version, executable }) => ({ version, ...askAttune(executable, folder) }));
  return [
    ...nodes.flatMap(({ version, executable }) =>
      importAll(executable, folder, members).map((problem) => `Node ${version}: ${problem}`),
    ),
    ...answers.flatMap(({ version, problem }) => (problem === undefined ? [] : [`Node ${version}: ${problem}`])),
    ...(new Set(answers.map(({ ids }) => ids)).size === 1
      ? []
      : [`Tokens differ: ${answers.map(({ version, ids }) => `${version} ${ids}`).join("; ")}`]),
  ];
}

/** Greedy tokens of the embedded model: weights, tokenizer, plan, kernels and worker threads, from the packed command. */
function askAttune(executable, folder) {
  const bin = join(folder, "node_modules", "@attune", "cli", "bin", "attune.js");
  const options = ["--model", "attune:tiny", "--prompt", "The weather", "--max-new-tokens", "8", "--greedy", "--json"];
  const run = spawnSync(executable, [bin, "generate", ...options], { cwd: folder, encoding: "utf8" });
  if (run.status !== 0) return { problem: `attune generate ended with ${run.status}: ${run.stderr}` };
  return { ids: JSON.parse(run.stdout).rows[0].ids.join(" ") };
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
  const folder = makeProject(scratch, "nodes");
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
