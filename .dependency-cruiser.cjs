const { layers, inLayerEdges, folders } = require("./tooling/boundaries/layers.json");

/** What a package may import: all packages of the layers above its own, and the edges listed inside its layer. */
function allowedImports(name, layer) {
  const inLayer = inLayerEdges.filter(([from]) => from === name).map(([, to]) => to);
  return [name, ...layers.slice(0, layer).flat(), ...inLayer];
}

const layerRules = layers.flatMap((names, layer) =>
  names.map((name) => ({
    name: `layer-of-${name}`,
    comment: `${name} imports only from layers above its own (tooling/boundaries/layers.json)`,
    severity: "error",
    from: { path: `^(packages|apps)/${name}/src/` },
    to: { path: "^(packages|apps)/", pathNot: `^(packages|apps)/(${allowedImports(name, layer).join("|")})/` },
  })),
);

/** Folders of a package whose order is written down import from those before them. */
const folderRules = Object.entries(folders).flatMap(([name, order]) =>
  order.slice(0, -1).map((folder, index) => ({
    name: `folders-of-${name}`,
    comment: `${name}/src/${folder} imports only from folders before it (tooling/boundaries/layers.json)`,
    severity: "error",
    from: { path: `^packages/${name}/src/${folder}/` },
    to: { path: `^packages/${name}/src/(${order.slice(index + 1).join("|")})/` },
  })),
);

module.exports = {
  forbidden: [
    ...layerRules,
    ...folderRules,
    {
      name: "no-circular",
      comment: "types may refer to each other; modules that run may not wait for each other",
      severity: "error",
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ["type-only"] } },
    },
    { name: "packages-never-import-apps", severity: "error", from: { path: "^packages/" }, to: { path: "^apps/" } },
    {
      name: "only-public-entries",
      severity: "error",
      from: { path: "^(packages|apps)/([^/]+)/src/" },
      to: { path: "^packages/([^/]+)/src/(?!(wasm/)?index\\.ts$)", pathNot: "^$1/$2/" },
    },
    {
      name: "no-undeclared-dependencies",
      severity: "error",
      from: { path: "/src/" },
      to: {
        dependencyTypes: ["npm-no-pkg", "npm-unknown", "npm-dev"],
        dependencyTypesNot: ["npm-peer", "npm-optional", "npm"],
      },
    },
    { name: "no-unresolvable", severity: "error", from: {}, to: { couldNotResolve: true } },
  ],
  options: {
    doNotFollow: { path: "node_modules" },
    exclude: { path: "(^|/)(dist|node_modules)/" },
    tsPreCompilationDeps: true,
    enhancedResolveOptions: {
      exportsFields: ["exports"],
      conditionNames: ["@attune/source", "import", "node", "default"],
      extensions: [".ts", ".js", ".mjs"],
    },
  },
};
