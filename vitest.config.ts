import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { defineConfig } from "vitest/config";

/** Packages resolve to their TypeScript sources, so that no test can run an old build. */
const conditions = ["@attune/source", "node", "import", "module", "default"];

/** Every folder with a `test/` in it is a project named by its path, for example `packages/spec`. */
const members = ["packages", "apps", "tooling"]
  .filter((group) => existsSync(join(import.meta.dirname, group)))
  .flatMap((group) => readdirSync(join(import.meta.dirname, group)).map((name) => `${group}/${name}`))
  .filter((folder) => existsSync(join(import.meta.dirname, folder, "test")));

/** `*.full.test.ts` take minutes and run in `npm run test:full` alone. */
const exclude = process.env["ATTUNE_TEST_FULL"] === "1" ? [] : ["**/*.full.test.ts"];

export default defineConfig({
  ssr: { resolve: { conditions } },
  test: {
    pool: "forks",
    maxWorkers: 2,
    // Worker threads and child processes started from a .ts source resolve packages to sources as well.
    execArgv: ["--conditions=@attune/source"],
    hookTimeout: 120_000,
    testTimeout: 120_000, // no verdict on speed: a crowded machine may take long
    // No native library unless a test asks for one: results must not depend on what is installed here.
    env: { ATTUNE_BLAS: "off" },
    reporters: ["default", "./tooling/vitest/summary-reporter.ts"],
    coverage: { provider: "v8", include: ["packages/*/src/**/*.ts"] },
    projects: members.map((root) => ({
      extends: true as const,
      test: { name: root, root, include: ["test/**/*.test.ts"], exclude },
    })),
  },
});
