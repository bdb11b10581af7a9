import { runReadmeExamples } from "../../../tooling/vitest/readme-examples.ts";

runReadmeExamples(new URL("../README.md", import.meta.url));
