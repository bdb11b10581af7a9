import { runReadmeExamples } from "../../../tooling/vitest/readme-examples.ts";

runReadmeExamples(new URL("../README.md", import.meta.url));

// The README of the repository and the guide need several packages, and recipe depends on all of them.
for (const page of ["README.md", "docs/guides/library.md"]) {
  runReadmeExamples(new URL(`../../../${page}`, import.meta.url), { within: new URL("..", import.meta.url) });
}
