/**
 * Takes the picture of a report that the README shows: its first screen, as docs/images/report.png. Needs Chromium
 * (apt-get install chromium), found by CHROMIUM or its usual names.
 *
 * node scripts/report-picture.mjs attune-demo/report.html
 */
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { root } from "./workspace.mjs";

const maxBytes = 250_000;
const size = { width: 1200, height: 1010 };
const picture = join(root, "docs", "images", "report.png");
const report = resolve(process.argv[2] ?? "attune-demo/report.html");
const profile = mkdtempSync(join(tmpdir(), "attune-chromium-"));
const flags = [
  "--headless",
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  "--hide-scrollbars",
  `--user-data-dir=${profile}`,
  `--window-size=${size.width},${size.height}`,
  `--screenshot=${picture}`,
];
try {
  mkdirSync(dirname(picture), { recursive: true });
  const names = process.env.CHROMIUM ? [process.env.CHROMIUM] : ["chromium", "chromium-browser", "google-chrome"];
  const taken = names.some((name) => spawnSync(name, [...flags, pathToFileURL(report).href]).status === 0);
  const bytes = taken ? statSync(picture).size : 0;
  if (!taken) finish("no Chromium took it: install one, or name it in CHROMIUM");
  else if (bytes > maxBytes) finish(`${picture} has ${bytes} bytes, more than ${maxBytes}`);
  else process.stdout.write(`${picture}: ${bytes} bytes\n`);
} finally {
  rmSync(profile, { recursive: true, force: true });
}

function finish(problem) {
  process.stderr.write(`report-picture: ${problem}\n`);
  process.exitCode = 1;
}
