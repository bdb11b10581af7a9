/** Writes every src/**\/*.wgsl into src/shader/shaders.generated.ts, so that one path works in Node, browsers and bundlers. */
import { globSync, readFileSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";

const root = join(import.meta.dirname, "..");
const entries = globSync("src/**/*.wgsl", { cwd: root })
  .sort()
  .map(
    (path) =>
      `  ${JSON.stringify(basename(path, ".wgsl"))}: ${JSON.stringify(readFileSync(join(root, path), "utf8"))},\n`,
  );
writeFileSync(
  join(root, "src/shader/shaders.generated.ts"),
  `// Written by scripts/embed-shaders.mjs from the .wgsl files of this package.

/** Text of each shader, by its file's name. */
export const shaders: Readonly<Record<string, string>> = {
${entries.join("")}};
`,
);
