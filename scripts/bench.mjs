/**
 * Runs the benchmarks of the packages (`packages/NAME/bench/*.bench.ts`), one after the other so that nothing else
 * runs beside the one that measures: work on one package. What is compared with other programs is in tooling/bench. Arguments choose
 * those whose path contains one of them:
 *
 * node scripts/bootstrap.mjs bench:packages tokenizer-bpe
 */
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { listMembers, root } from "./workspace.mjs";

const filters = process.argv.slice(2);
const files = listMembers()
  .map(({ folder }) => `${folder}/bench`)
  .filter((folder) => existsSync(join(root, folder)))
  .flatMap((folder) => readdirSync(join(root, folder)).map((name) => `${folder}/${name}`))
  .filter((file) => file.endsWith(".bench.ts"))
  .filter((file) => filters.length === 0 || filters.some((filter) => file.includes(filter)));

if (files.length === 0) {
  process.stderr.write(`error: no benchmark matches ${filters.join(" ") || "packages/*/bench/*.bench.ts"}\n`);
  process.exitCode = 2;
}
for (const file of files) {
  process.stderr.write(`\n${file}\n`);
  const run = spawnSync(process.execPath, ["--conditions=@attune/source", join(root, file)], {
    cwd: root,
    stdio: "inherit",
  });
  if (run.status !== 0) process.exitCode = 1;
}
