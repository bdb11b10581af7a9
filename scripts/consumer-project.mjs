/** A folder outside the repository into which packed packages are installed with npm, as a consumer would. */
import { spawnSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** Makes a folder with a package.json and returns it. */
export function makeProject(parent, name) {
  const folder = join(parent, name);
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "package.json"), JSON.stringify({ name: "consumer", private: true, type: "module" }));
  return folder;
}

/** Installs tarballs and packages; throws what npm says when it fails. */
export function npmInstall(folder, specifiers) {
  const options = ["install", "--no-audit", "--no-fund", "--loglevel=error", ...specifiers];
  const run = spawnSync("npm", options, { cwd: folder, encoding: "utf8", shell: process.platform === "win32" });
  if (run.status !== 0) throw new Error(`npm install ${specifiers.join(" ")} failed:\n${run.stdout}${run.stderr}`);
}

/** Runs a line of a guide in a shell and returns its problem, if it has one. */
export function runLine(folder, line) {
  const run = spawnSync(line, { cwd: folder, encoding: "utf8", shell: true });
  return run.status === 0 ? [] : [`"${line}" ended with ${run.status}:\n${run.stdout}${run.stderr}`];
}
