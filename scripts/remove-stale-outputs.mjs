/**
 * Removes compiled files whose source is gone: `tsc -b` writes what there is and leaves what was there before a file was moved,
 * and such leftovers would be packed and published. Prints how many there were.
 */
import { existsSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { listMembers, root } from "./workspace.mjs";

const outputs = /\.(d\.ts|js)(\.map)?$/;

const stale = listMembers().flatMap(({ folder }) => {
  const compiled = join(root, folder, "dist");
  if (!existsSync(compiled)) return [];
  return readdirSync(compiled, { recursive: true, encoding: "utf8" })
    .filter((file) => outputs.test(file))
    .filter((file) => !existsSync(join(root, folder, "src", file.replace(outputs, ".ts"))))
    .map((file) => join(compiled, file));
});
for (const file of stale) rmSync(file);
if (stale.length > 0) process.stdout.write(`removed ${stale.length} compiled files without a source\n`);
