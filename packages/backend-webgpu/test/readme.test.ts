import { describe } from "vitest";
import { runReadmeExamples } from "../../../tooling/vitest/readme-examples.ts";
import { loadSwiftShader, skipReason } from "./open-test-device.ts";

describe.skipIf(skipReason !== undefined)(`on SwiftShader ${skipReason ?? ""}`, () => {
  if (skipReason === undefined) loadSwiftShader();
  runReadmeExamples(new URL("../README.md", import.meta.url));
});
