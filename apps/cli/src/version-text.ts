import { readFileSync } from "node:fs";

/** Version of this package. */
export function cliVersion(): string {
  const manifest = readFileSync(new URL("../package.json", import.meta.url), "utf8");
  return (JSON.parse(manifest) as { readonly version: string }).version;
}

/** What `attune --version` prints: the version, that of Node, and the backends that are built in. */
export function versionText(): string {
  return `attune ${cliVersion()}\nnode ${process.versions.node} (V8 ${process.versions.v8})\nbackends: cpu, webgpu`;
}
