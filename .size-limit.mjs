import { listPublicMembers } from "./scripts/workspace.mjs";

/** Largest compressed JavaScript of a package, kB; a package that is not named has the default. */
const limits = { spec: 6, "run-folder": 16, "tensor-core": 60, "backend-cpu": 60 };
const defaultLimit = 30;

export default listPublicMembers().map(({ name, folder }) => ({
  name,
  path: `${folder}/dist/**/*.js`,
  limit: `${limits[name] ?? defaultLimit} kB`,
}));
