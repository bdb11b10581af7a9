import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { afterAll, beforeAll, describe, test, vi } from "vitest";

/**
 * Registers one test for each ts-fenced block of a README: the block is written into the git-ignored folder `.readme/`
 * of the package, so that it imports the package by its own name, and is imported as a module. What it prints is
 * not shown. A README without a block fails.
 *
 * ```ts
 * runReadmeExamples(new URL("../README.md", import.meta.url));
 * ```
 *
 * A document outside a package names one whose dependencies its examples use: `{ within: new URL("..", import.meta.url) }`.
 */
export function runReadmeExamples(readme: URL, options: { readonly within?: URL } = {}): void {
  const path = fileURLToPath(readme);
  const parent = fileURLToPath(new URL(".readme/", options.within ?? readme));
  const examples = [...readFileSync(path, "utf8").matchAll(/^```ts\n([\s\S]*?)^```$/gm)].map((match) => match[1]!);
  describe("README", () => {
    if (examples.length === 0) throw new Error(`expected a block fenced with ts in ${path}, but there is none`);
    // A folder of its own, as documents may run side by side within one package.
    let folder = "";
    beforeAll(() => {
      mkdirSync(parent, { recursive: true });
      folder = mkdtempSync(parent);
    });
    afterAll(() => rmSync(folder, { recursive: true, force: true }));
    test.each(examples.map((source, index) => ({ number: index + 1, source })))(
      "example $number runs",
      async ({ number, source }) => {
        const file = join(folder, `example-${number}.ts`);
        writeFileSync(file, source);
        const log = vi.spyOn(console, "log").mockImplementation(() => {});
        try {
          await import(/* @vite-ignore */ pathToFileURL(file).href);
        } finally {
          log.mockRestore();
        }
      },
    );
  });
}
