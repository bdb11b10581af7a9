/**
 * Looks at the public packages as a consumer gets them: packs each one, then publint (strict), "are the types wrong"
 * for ES modules, and our own rules about what belongs into a tarball.
 */
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { checkPackage, createPackageFromTarballData } from "@arethetypeswrong/core";
import { problemAffectsResolutionKind } from "@arethetypeswrong/core/problems";
import { publint } from "publint";
import { formatMessage } from "publint/utils";
import { packMembers } from "./pack-members.mjs";
import { finishCheck, root } from "./workspace.mjs";

const destination = mkdtempSync(join(tmpdir(), "attune-pack-"));
try {
  const packed = packMembers(destination);
  const problems = [];
  for (const { member, tarball } of packed) {
    const bytes = readFileSync(tarball);
    const found = [...(await lint(bytes)), ...(await checkTypes(bytes)), ...checkFiles(member, bytes)];
    problems.push(...found.map((problem) => `${member.folder}: ${problem}`));
  }
  finishCheck("pack-check", problems, `${packed.length} tarballs are as they should be`);
} finally {
  rmSync(destination, { recursive: true, force: true });
}

async function lint(bytes) {
  const tarball = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength);
  const { messages, pkg } = await publint({ pack: { tarball }, strict: true });
  return messages
    .filter(({ type }) => type !== "suggestion")
    .map((message) => `publint: ${formatMessage(message, pkg, { color: false })}`);
}

/** As attw's profile "esm-only": what require() or the old Node 10 resolution would see does not count. */
async function checkTypes(bytes) {
  const analysis = await checkPackage(createPackageFromTarballData(bytes));
  if (analysis.types === false) return ["attw: the package has no types"];
  return analysis.problems
    .filter((problem) =>
      ["node16-esm", "bundler"].some((kind) => problemAffectsResolutionKind(problem, kind, analysis)),
    )
    .map((problem) => `attw: ${problem.kind} ${JSON.stringify(problem)}`);
}

function checkFiles({ folder, manifest }, bytes) {
  const content = createPackageFromTarballData(bytes);
  const prefix = `/node_modules/${manifest.name}/`;
  const files = content.listFiles().map((path) => path.slice(prefix.length));
  const problems = ["LICENSE", "README.md", "dist/index.js", "dist/index.d.ts", "src/index.ts"]
    .filter((name) => !files.includes(name))
    .map((name) => `the tarball has no ${name}`);
  if (!manifest.description) problems.push("package.json has no description");
  for (const name of files) {
    if (/\.tsbuildinfo$|\.test\.|(^|\/)(test|bench)\//.test(name)) problems.push(`the tarball should not have ${name}`);
    const source = name.replace(/^dist\//, "src/").replace(/(\.d\.ts|\.js)(\.map)?$/, ".ts");
    if (name.startsWith("dist/") && source.endsWith(".ts") && !existsSync(join(root, folder, source))) {
      problems.push(`${name} was left by a source that is gone: delete ${folder}/dist and compile again`);
    }
  }
  const published = content.readFile(`${prefix}package.json`);
  for (const protocol of ["workspace:", "catalog:"]) {
    if (published.includes(`"${protocol}`)) problems.push(`the packed package.json still says ${protocol}`);
  }
  return problems;
}
