/**
 * Compiles the examples of READMEs and guides as a consumer would, against the packages' declarations: blocks fenced with `ts` are run by
 * tests, which do not look at types. Strict, without `skipLibCheck`; compile the packages first. What an example imports, the page
 * has to say to install: with pnpm nothing else is found.
 */
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join, relative } from "node:path";
import { finishCheck, listMembers, root } from "./workspace.mjs";

const compilerOptions = {
  target: "ES2022",
  lib: ["ES2023", "DOM"],
  module: "NodeNext",
  types: ["node"],
  typeRoots: [join(root, "node_modules/@types")],
  strict: true,
  exactOptionalPropertyTypes: true,
  skipLibCheck: false,
  noEmit: true,
};

/** Documents and the member whose dependencies their examples use. */
const documents = [
  ["README.md", "packages/recipe"],
  ["docs/guides/library.md", "packages/recipe"],
  ["packages/tensor-core/README.md", "packages/backend-cpu"],
  ...listMembers()
    .filter(({ name }) => name !== "tensor-core")
    .map(({ folder }) => [`${folder}/README.md`, folder]),
].filter(([page]) => existsSync(join(root, page)));

const folders = [...new Set(documents.map(([, folder]) => join(root, folder, ".readme", "types")))];
try {
  const examples = documents.flatMap(writeExamples);
  finishCheck(
    "examples",
    [...documents.flatMap(uninstalled), ...compile(examples)],
    `${examples.length} examples of ${documents.length} pages have right types`,
  );
} finally {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
}

/** Writes each block into a module below the member, so that it imports what the member may, and says where it came from. */
function writeExamples([page, folder]) {
  const text = readFileSync(join(root, page), "utf8");
  const blocks = [...text.matchAll(/^```ts\n([\s\S]*?)^```$/gm)];
  const target = join(root, folder, ".readme", "types");
  mkdirSync(target, { recursive: true });
  return blocks.map(({ 1: source, index }) => {
    const line = text.slice(0, index).split("\n").length;
    const file = join(target, `${page.replaceAll(/[/.]/g, "-")}-${line}.ts`);
    writeFileSync(file, `${source}export {};\n`);
    return { page, line, file };
  });
}

/** Packages that examples import and no `npm install` of the page names. */
function uninstalled([page]) {
  const text = readFileSync(join(root, page), "utf8");
  const installed = [...text.matchAll(/^npm install (.*)$/gm)].flatMap(([, names]) => names.split(" "));
  const imported = [...text.matchAll(/^```(?:ts|js)\n([\s\S]*?)^```$/gm)].flatMap(([, source]) =>
    [...source.matchAll(/ from "(@attune\/[^/"]+)/g)].map(([, name]) => name),
  );
  return [...new Set(imported)]
    .filter((name) => !installed.includes(name))
    .map((name) => `${page} imports ${name}, which no "npm install" there names`);
}

/** What the compiler says, each with its place in the page. */
function compile(examples) {
  const config = join(root, "packages/spec/.readme/types/tsconfig.json");
  writeFileSync(config, JSON.stringify({ compilerOptions, files: examples.map(({ file }) => file) }));
  const compiler = createRequire(import.meta.url).resolve("typescript/lib/tsc.js");
  const run = spawnSync(process.execPath, [compiler, "-p", config, "--pretty", "false"], {
    cwd: root,
    encoding: "utf8",
  });
  return run.stdout
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => placed(line, examples));
}

function placed(line, examples) {
  const [, file, row, sentence] = /^(.+?)\((\d+),\d+\): (.*)$/.exec(line) ?? [];
  const example = examples.find((candidate) => relative(root, candidate.file) === file?.replaceAll("\\", "/"));
  return example === undefined ? line : `${example.page}:${example.line + Number(row)}: ${sentence}`;
}
