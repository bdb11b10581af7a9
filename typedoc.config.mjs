import { listMembers } from "./scripts/workspace.mjs";

/** The sources of every entry that a member's package.json names. */
const entryPoints = listMembers().flatMap(({ folder, manifest }) =>
  Object.values(manifest.exports ?? {}).flatMap((entry) =>
    entry["@attune/source"] ? [`${folder}/${entry["@attune/source"]}`] : [],
  ),
);

/** One program over all sources reads them once, so that links between packages resolve. */
export default {
  name: "Attune",
  entryPoints,
  tsconfig: "tooling/tsconfig/docs.json",
  readme: "none",
  disableGit: true,
  disableSources: true,
  out: "docs/api",
  emit: "none",
  validation: { invalidLink: true, notDocumented: true, notExported: false },
  requiredToBeDocumented: ["Function", "Class", "Interface", "TypeAlias", "Variable"],
  treatValidationWarningsAsErrors: true,
  logLevel: "Warn",
};
