/**
 * Does what docs/adding-a-peft-method.md says, in an empty folder with the packed packages: writes its files, runs its commands,
 * then installs the package that this makes and trains with a recipe that names it.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { makeProject, npmInstall, runLine } from "./consumer-project.mjs";
import { root } from "./workspace.mjs";

/** Problems, each with the command and what it printed. */
export function followMethodGuide(scratch, tarballs) {
  const guide = readFileSync(join(root, "docs/adding-a-peft-method.md"), "utf8");
  const [method, test] = blocksOf(guide, "ts");
  const [commands] = blocksOf(guide, "sh");
  const [recipe] = blocksOf(guide, "yaml");
  const folder = makeProject(scratch, "method-guide");
  const files = {
    "package.json": blocksOf(guide, "json package.json")[0],
    "tsconfig.json": blocksOf(guide, "json tsconfig.json")[0],
    "output-scale.ts": method,
    "output-scale.test.ts": test,
    "texts.jsonl": texts(),
  };
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  npmInstall(folder, tarballs);
  const lines = commands.split("\n").filter((line) => line !== "" && line !== "npm install");
  const problems = lines.flatMap((line) => runLine(folder, line));
  if (problems.length === 0) problems.push(...useFromRecipe(scratch, [...tarballs, packOf(folder)], recipe));
  return problems.map((problem) => `docs/adding-a-peft-method.md: ${problem}`);
}

/** Contents of the blocks fenced with an info string. */
function blocksOf(guide, info) {
  const blocks = [...guide.matchAll(new RegExp(`^\`\`\`${info}\\n([\\s\\S]*?)^\`\`\`$`, "gm"))].map(([, text]) => text);
  if (blocks.length === 0) throw new Error(`docs/adding-a-peft-method.md has no block fenced with ${info}`);
  return blocks;
}

function texts() {
  const rows = Array.from({ length: 20 }, (_, day) => ({ text: `On day ${day} the weather in the town is fine.` }));
  return rows.map((row) => `${JSON.stringify(row)}\n`).join("");
}

function packOf(folder) {
  const problems = runLine(folder, "npm pack --pack-destination .");
  if (problems.length > 0) throw new Error(problems[0]);
  const { name, version } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
  return join(folder, `${name}-${version}.tgz`);
}

function useFromRecipe(scratch, tarballs, recipe) {
  const folder = makeProject(scratch, "method-recipe");
  npmInstall(folder, tarballs);
  writeFileSync(join(folder, "texts.jsonl"), texts());
  writeFileSync(
    join(folder, "recipe.yaml"),
    `name: scaled\nmodel: attune:tiny\ndata: { source: { path: texts.jsonl } }\ntraining: { steps: 2 }\n${recipe}`,
  );
  return runLine(folder, "npx attune train recipe.yaml --output run");
}
