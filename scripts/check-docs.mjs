/**
 * Checks what typedoc does not see: links and file names in the pages for readers lead somewhere, each page is linked, and
 * the README's table names every public package.
 */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, posix } from "node:path";
import { finishCheck, listMembers, listPublicMembers, root } from "./workspace.mjs";

const maxReadmeLines = 60;

const docs = readdirSync(join(root, "docs"), { recursive: true, encoding: "utf8" })
  .map((name) => `docs/${name.replaceAll("\\", "/")}`)
  .filter((name) => name.endsWith(".md") && !name.startsWith("docs/api/"));
const readmes = listMembers().map(({ folder }) => `${folder}/README.md`);
const pages = ["README.md", "CONTRIBUTING.md", ...docs, ...readmes].filter((page) => existsSync(join(root, page)));
const text = new Map(
  pages.map((page) => [page, readFileSync(join(root, page), "utf8").replace(/^```.*?^```$/gms, "")]),
);
const fileFolders = [
  ...["", "packages", "packages/tensor-core/src", "packages/backend-cpu/src", "packages/backend-cpu/src/kernels"],
  ...listMembers().flatMap(({ folder }) => [folder, `${folder}/test`]),
];

finishCheck(
  "docs",
  [
    ...pages.flatMap(checkLinks),
    ...pages.flatMap(checkFileNames),
    ...unlinkedPages(),
    ...checkTable(),
    ...longReadmes(),
  ],
  `links and file names of ${pages.length} pages lead somewhere`,
);

/** `[text](target)` with a relative target, as [file, fragment]. */
function linksOf(page) {
  return [...text.get(page).matchAll(/\]\(([^)\s]+)\)/g)]
    .map(([, target]) => target)
    .filter((target) => !/^[a-z]+:/.test(target))
    .map((target) => {
      const [path, fragment] = target.split("#");
      return [path === "" ? page : posix.join(dirname(page), path), fragment];
    });
}

function checkLinks(page) {
  return linksOf(page).flatMap(([path, fragment]) => {
    if (!existsSync(join(root, path))) return [`${page} links to ${path}, which does not exist`];
    const missing = fragment !== undefined && text.has(path) && !headingsOf(path).includes(fragment);
    return missing ? [`${page} links to ${path}#${fragment}, but no heading there is called so`] : [];
  });
}

/** Names that a Markdown viewer gives headings. */
function headingsOf(page) {
  return [...text.get(page).matchAll(/^#+ (.+)$/gm)].map(([, title]) =>
    title
      .toLowerCase()
      .replace(/[^\p{L}\p{N} _-]/gu, "")
      .replaceAll(" ", "-"),
  );
}

/** File names in backticks: from the root, or below a folder that pages leave out because they have named it before. */
function checkFileNames(page) {
  if (page.startsWith("docs/decisions/")) return [];
  return [...text.get(page).matchAll(/`([\w./@-]+\.(?:ts|mjs|py|json|md|yaml))`/g)]
    .map(([, name]) => name)
    .filter((name) => (name.includes("/") || name.endsWith(".test.ts")) && !name.startsWith("./"))
    .filter((name) => !/\b[A-Z]{4,}\b/.test(name))
    .filter((name) => !fileFolders.some((folder) => existsSync(join(root, folder, name))))
    .map((name) => `${page} names ${name}, which does not exist`);
}

function unlinkedPages() {
  const linked = new Set(pages.flatMap((page) => linksOf(page).map(([path]) => path)));
  return docs
    .filter((page) => !linked.has(page) && !linked.has(dirname(page)))
    .map((page) => `no page links to ${page}`);
}

function checkTable() {
  return listPublicMembers()
    .filter(({ name, folder }) => !text.get("README.md").includes(`[\`@attune/${name}\`](${folder})`))
    .map(({ name }) => `the table of README.md does not name @attune/${name}`);
}

function longReadmes() {
  return readmes
    .filter((page) => text.has(page) && text.get(page).split("\n").length - 1 > maxReadmeLines)
    .map((page) => `${page} has more than ${maxReadmeLines} lines`);
}
