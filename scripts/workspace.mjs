/** The members of the workspace, for the scripts that check them. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

export const root = fileURLToPath(new URL("..", import.meta.url));

/** Folders below packages/ and apps/ that have a package.json: `{ name, folder, manifest }`, folder relative to the root. */
export function listMembers() {
  return ["packages", "apps"]
    .filter((group) => existsSync(join(root, group)))
    .flatMap((group) => readdirSync(join(root, group)).map((name) => ({ name, folder: `${group}/${name}` })))
    .filter(({ folder }) => existsSync(join(root, folder, "package.json")))
    .map((member) => ({ ...member, manifest: readJsonFile(`${member.folder}/package.json`) }));
}

/** Members that are published. */
export function listPublicMembers() {
  return listMembers().filter(({ manifest }) => manifest.private !== true);
}

/** Parses a JSON file of the repository. */
export function readJsonFile(path) {
  return JSON.parse(readFileSync(join(root, path), "utf8"));
}

/** Names of the workspace packages that a member needs at run time, without the scope. */
export function workspaceDependencies({ manifest }) {
  return Object.keys({ ...manifest.dependencies, ...manifest.peerDependencies })
    .filter((name) => name.startsWith("@attune/"))
    .map((name) => name.slice("@attune/".length));
}

/** Ends a check: prints the problems and fails, or prints that all is well. */
export function finishCheck(title, problems, summary) {
  for (const problem of problems) process.stderr.write(`${title}: ${problem}\n`);
  if (problems.length > 0) process.exitCode = 1;
  else process.stdout.write(`${title}: ${summary}\n`);
}
