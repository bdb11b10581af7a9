import { runReadmeExamples } from "../../../tooling/vitest/readme-examples.ts";

// The example of the core needs a backend, and the core itself must not depend on one.
runReadmeExamples(new URL("../../tensor-core/README.md", import.meta.url), { within: new URL("..", import.meta.url) });
