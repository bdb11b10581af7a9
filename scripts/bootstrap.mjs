/**
 * Runs a workspace script from a clone that has only Node >= 20 and npm: fetches the pinned pnpm, installs when the
 * lockfile is newer than node_modules, then runs `pnpm run TASK`, whose PATH starts with the workspace's own Node.
 *
 * node scripts/bootstrap.mjs TASK [arguments...]
 */
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync, statSync } from "node:fs";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const { packageManager } = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8"));
const environment = {
  ...process.env,
  TURBO_TELEMETRY_DISABLED: "1",
  DO_NOT_TRACK: "1",
  npm_config_update_notifier: "false",
};

function runPnpm(...commandArguments) {
  const run = spawnSync("npx", ["--yes", packageManager, ...commandArguments], {
    cwd: root,
    env: environment,
    stdio: "inherit",
    shell: process.platform === "win32",
  });
  if (run.error) {
    process.stderr.write(`error: npx could not be started (${run.error.message})\nhint: install npm beside Node.\n`);
    process.exit(1);
  }
  if (run.status !== 0) process.exit(run.status ?? 1);
}

const installed = new URL("../node_modules/.modules.yaml", import.meta.url);
const lockfile = new URL("../pnpm-lock.yaml", import.meta.url);
if (!existsSync(installed) || statSync(installed).mtimeMs < statSync(lockfile).mtimeMs) {
  runPnpm("install", "--frozen-lockfile");
}
const [task, ...taskArguments] = process.argv.slice(2);
if (task) runPnpm("run", task, ...taskArguments);
