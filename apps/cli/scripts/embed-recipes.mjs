/** Writes the recipes of the repository into src/recipes.generated.ts, so that they come with the package. */
import { readdirSync, readFileSync, writeFileSync } from "node:fs";

const folder = new URL("../../../recipes/", import.meta.url);
const entries = readdirSync(folder)
  .filter((name) => name.endsWith(".yaml"))
  .sort()
  .map(
    (name) =>
      `  ${JSON.stringify(name.replace(/\.yaml$/, ""))}: ${JSON.stringify(readFileSync(new URL(name, folder), "utf8"))},\n`,
  );
writeFileSync(
  new URL("../src/recipes.generated.ts", import.meta.url),
  `// Written by scripts/embed-recipes.mjs from the folder recipes/.

/** Text of each recipe, by name. */
export const recipes: Readonly<Record<string, string>> = {
${entries.join("")}};
`,
);
