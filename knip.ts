import { existsSync, globSync } from "node:fs";
import type { KnipConfig } from "knip";
import { listMembers } from "./scripts/workspace.mjs";

/** Patterns that match something in the folder; knip reports those that do not. */
function matching(folder: string, patterns: string[]): string[] {
  return patterns.filter((pattern) => globSync(`${folder}/${pattern}`).length > 0);
}

const folders = ["src/**/*.ts", "test/**/*.ts", "bench/**/*.ts", "bin/*.js", "scripts/*.mjs"];
const entries = ["src/**/*worker.ts", "test/**/*.ts", "bench/**/*.ts", "bin/*.js", "scripts/*.mjs"];

const config: KnipConfig = {
  workspaces: {
    ".": {
      entry: ["scripts/*.mjs", "tooling/vitest/*.ts"],
      project: ["scripts/**/*.mjs", "tooling/vitest/*.ts"],
      // Started by its path, because its results are read as JSON.
      ignoreDependencies: ["dependency-cruiser"],
    },
    ...Object.fromEntries(
      listMembers().map(({ folder }) => [
        folder,
        {
          entry: matching(folder, entries),
          project: matching(folder, folders),
          // An example of docs/guides/library.md, which runs there, tests an op with it.
          ...(folder === "packages/recipe" ? { ignoreDependencies: ["@attune/tensor-conformance"] } : {}),
        },
      ]),
    ),
    ...Object.fromEntries(
      globSync("tooling/*")
        .filter((folder) => existsSync(`${folder}/package.json`))
        .map((folder) => [
          folder,
          { entry: matching(folder, ["*.ts", "subjects/*.ts", "test/*.test.ts"]), project: ["**/*.ts"] },
        ]),
    ),
  },
  ignoreBinaries: ["cc", "mkfifo", "mount", "nvidia-smi", "strip", "umount"],
};

export default config;
