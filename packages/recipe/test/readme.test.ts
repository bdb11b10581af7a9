import { runReadmeExamples } from "../../../tooling/vitest/readme-examples.ts";

runReadmeExamples(new URL("../README.md", import.meta.url));

// The README of the repository needs several packages, and recipe depends on all of them.
runReadmeExamples(new URL("../../../README.md", import.meta.url), { within: new URL("..", import.meta.url) });
