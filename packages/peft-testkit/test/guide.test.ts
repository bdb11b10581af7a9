import { readFileSync } from "node:fs";
import { expect, it } from "vitest";

const read = (path: string): string => readFileSync(new URL(path, import.meta.url), "utf8");

it("is the example of docs/adding-a-peft-method.md that runs here", () => {
  const guide = read("../../../docs/adding-a-peft-method.md");
  const blocks = [...guide.matchAll(/^```ts\n([\s\S]*?)^```$/gm)].map((match) => match[1]);
  expect(blocks).toEqual([read("./output-scale.ts"), read("./output-scale.test.ts")]);
  expect([...guide.matchAll(/^## \d\. /gm)]).toHaveLength(7);
});
