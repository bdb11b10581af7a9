#!/usr/bin/env node
// Starts the command line. Node that is too old is refused before anything newer than it is parsed.
import * as module from "node:module";

const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
if (major < 22 || (major === 22 && minor < 18)) {
  process.stderr.write(
    `error: Attune needs Node 22.18 or newer, but this is ${process.version}. (DEPENDENCY_MISSING)\n` +
      "hint: Install a newer Node from https://nodejs.org.\n",
  );
  process.exitCode = 4;
} else {
  // Compiled code is kept in the temporary folder: the next start takes half the time.
  module.enableCompileCache();
  const { main } = await import("@attune/cli");
  process.exitCode = await main(process.argv.slice(2), { ownsProcess: true });
}
