/** Packs the public packages as they would be published, without building them: compile first. */
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { listPublicMembers, readJsonFile, root } from "./workspace.mjs";

/** Writes one tarball a public member into a folder and returns `[{ member, tarball }]`. */
export function packMembers(destination) {
  const members = listPublicMembers();
  const filters = members.flatMap(({ manifest }) => ["--filter", manifest.name]);
  const options = [
    "--config.ignore-scripts=true",
    "--workspace-concurrency=2",
    "pack",
    "--pack-destination",
    destination,
  ];
  const { packageManager } = readJsonFile("package.json");
  const run = spawnSync("npx", ["--yes", packageManager, "--recursive", ...filters, ...options], {
    cwd: root,
    encoding: "utf8",
    shell: process.platform === "win32",
  });
  if (run.status !== 0) throw new Error(`pnpm pack failed:\n${run.stdout}${run.stderr}`);
  const tarballs = existsSync(destination) ? readdirSync(destination) : [];
  return members.map((member) => {
    const { name, version } = member.manifest;
    const file = `${name.replace("@", "").replace("/", "-")}-${version}.tgz`;
    if (!tarballs.includes(file)) throw new Error(`pnpm pack wrote no ${file}`);
    return { member, tarball: join(destination, file) };
  });
}
