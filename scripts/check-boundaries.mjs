/**
 * Checks who imports whom: runs dependency-cruiser over all sources, fails when it read fewer modules than there are
 * source files (a run that resolves nothing finds nothing), and compares package.json, tsconfig.json, the table of
 * layers and the diagram in docs/architecture.md with each other.
 */
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { finishCheck, listMembers, readJsonFile, root, workspaceDependencies } from "./workspace.mjs";

const { layers, inLayerEdges, folders } = readJsonFile("tooling/boundaries/layers.json");
const members = listMembers();
const sourceFolders = members.map(({ folder }) => `${folder}/src`).filter((folder) => existsSync(join(root, folder)));
const sourceFiles = sourceFolders.flatMap((folder) =>
  readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".ts"))
    .map((name) => `${folder}/${name.replaceAll("\\", "/")}`),
);

const { problems: importProblems, seen } = cruise();
const missed = sourceFiles.filter((file) => !seen.has(file));
finishCheck(
  "boundaries",
  [
    ...importProblems,
    ...missed.map((file) => `dependency-cruiser did not read ${file}, so its imports were not checked`),
    ...members.flatMap(checkMember),
    ...unusedEdges(),
    ...unorderedFolders(),
    ...checkDiagram(),
  ],
  `${seen.size} modules of ${members.length} members keep to the layers`,
);

function cruise() {
  const command = join(root, "node_modules/dependency-cruiser/bin/dependency-cruise.mjs");
  const options = ["--config", ".dependency-cruiser.cjs", "--output-type", "json"];
  const run = spawnSync(process.execPath, [command, ...options, ...sourceFolders], {
    cwd: root,
    encoding: "utf8",
    maxBuffer: 2 ** 29,
  });
  if (!run.stdout.startsWith("{")) throw new Error(`dependency-cruiser failed: ${run.stderr}`);
  const { modules, summary } = JSON.parse(run.stdout);
  return {
    seen: new Set(
      modules.map(({ source }) => source).filter((source) => /^(packages|apps)\/[^/]+\/src\//.test(source)),
    ),
    problems: summary.violations.map(({ rule, from, to }) => `${from} must not import ${to} (${rule.name})`),
  };
}

function checkMember(member) {
  const { name, folder } = member;
  if (!layers.flat().includes(name)) return [`${folder} has no place in tooling/boundaries/layers.json`];
  const dependencies = workspaceDependencies(member).sort();
  const references = (readJsonFile(`${folder}/tsconfig.json`).references ?? [])
    .map(({ path }) => basename(path))
    .sort();
  const problems = [];
  if (dependencies.join() !== references.join()) {
    problems.push(`${folder} depends on [${dependencies}], but its tsconfig.json references [${references}]`);
  }
  if (!readJsonFile("tsconfig.json").references.some(({ path }) => path === folder)) {
    problems.push(`tsconfig.json does not reference ${folder}`);
  }
  return problems;
}

/** An edge that nobody needs any more would allow what nobody has decided. */
function unusedEdges() {
  return inLayerEdges
    .filter(([from, to]) => !workspaceDependencies(members.find(({ name }) => name === from)).includes(to))
    .map(([from, to]) => `tooling/boundaries/layers.json allows ${from} --> ${to}, but ${from} does not depend on it`);
}

/** A folder without a place in its package's order would be free to import anything. */
function unorderedFolders() {
  return Object.entries(folders).flatMap(([name, order]) => {
    const there = readdirSync(join(root, "packages", name, "src"), { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map((entry) => entry.name);
    const unlike = [...there.filter((each) => !order.includes(each)), ...order.filter((each) => !there.includes(each))];
    return unlike.map((each) => `tooling/boundaries/layers.json and packages/${name}/src disagree about ${each}`);
  });
}

function checkDiagram() {
  const document = readFileSync(join(root, "docs/architecture.md"), "utf8");
  const drawn = [...document.matchAll(/^\s*([a-z0-9-]+) --> ([a-z0-9-]+)$/gm)].map(
    ([, from, to]) => `${from} --> ${to}`,
  );
  const listed = inLayerEdges.map(([from, to]) => `${from} --> ${to}`);
  return [
    ...listed.filter((edge) => !drawn.includes(edge)).map((edge) => `docs/architecture.md does not draw ${edge}`),
    ...drawn
      .filter((edge) => !listed.includes(edge))
      .map((edge) => `docs/architecture.md draws ${edge}, which is not allowed`),
    ...layers
      .flat()
      .filter((name) => !document.includes(name))
      .map((name) => `docs/architecture.md does not name ${name}`),
  ];
}
