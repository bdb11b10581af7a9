import { globSync } from "node:fs";
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
      entry: ["scripts/*.mjs", "tooling/**/*.{ts,mjs}"],
      project: ["scripts/**/*.mjs", "tooling/**/*.{ts,mjs}"],
      // Started by its path, because its results are read as JSON.
      ignoreDependencies: ["dependency-cruiser"],
    },
    ...Object.fromEntries(
      listMembers().map(({ folder }) => [
        folder,
        { entry: matching(folder, entries), project: matching(folder, folders) },
      ]),
    ),
  },
  ignoreBinaries: ["mount", "umount"],
};

export default config;
