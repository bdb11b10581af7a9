import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { spawnAttune, temporaryFolder } from "./attune.ts";
import { pretrainTiny } from "./tiny-model.ts";

const folder = temporaryFolder();
const path = (...parts: string[]) => join(folder, ...parts);

/** The method of docs/adding-a-peft-method.md, as a module beside the recipe. */
const method = new URL("../../../packages/peft-testkit/test/output-scale.ts", import.meta.url);

const recipe = `name: scaled
plugins: [./scale.mjs]
model: tiny/model
method: { id: output-scale, options: { start: 1, targetModules: all-linear } }
data:
  source: { path: texts.jsonl }
template: { prompt: "{text}\\nAnimal:", completion: " {label}" }
training: { steps: 2, rows: 1, blockLength: 64 }
`;

beforeAll(async () => {
  await pretrainTiny(folder);
  writeFileSync(path("scale.mjs"), `export { default } from ${JSON.stringify(method.href)};\n`);
  writeFileSync(path("scaled.yaml"), recipe);
}, 120_000);

describe("plugins", () => {
  test("a recipe names them by paths from its folder, and a run remembers them", async () => {
    const first = await spawnAttune(["train", path("scaled.yaml"), "--output", path("run"), "--json"]);
    expect(first).toMatchObject({ code: 0 });
    expect(JSON.parse(first.stdout)).toMatchObject({ steps: 2 });
    expect(readFileSync(path("run", "config.resolved.yaml"), "utf8")).toContain(path("scale.mjs"));
    const again = await spawnAttune(["train", path("run"), "--output", path("run"), "--resume", "--json"]);
    expect(again).toMatchObject({ code: 0 });

    const using = ["--model", path("tiny", "model"), "--adapter", path("run", "adapter"), "--prompt", "The cat"];
    const generate = ["generate", ...using, "--max-new-tokens", "2", "--greedy", "--json"];
    expect(await spawnAttune([...generate, "--plugin", path("scale.mjs")])).toMatchObject({ code: 0 });
    const without = await spawnAttune(generate);
    expect(without).toMatchObject({ code: 1 });
    expect(without.stderr).toMatch(/OUTPUT_SCALE[\s\S]*hint: Load the plugin that has such a method.*lora \(LORA\)/);
  }, 120_000);

  test("--plugin adds to those of the recipe", async () => {
    writeFileSync(path("other.mjs"), "export default [];\n");
    const given = [path("scaled.yaml"), "--plugin", "./other.mjs", "--plugin", path("scale.mjs")];
    const { code, stdout } = await spawnAttune(["plan", ...given, "--json"], { directory: folder });
    expect(code).toBe(0);
    // Of two layers the seven modules with at most 64 outputs each, in ranges of 64: values, gradients and both moments in f32.
    const { memory } = JSON.parse(stdout) as { memory: { parts: { name: string; bytes: number }[] } };
    const trained = memory.parts.find(({ name }) => name.startsWith("trained parameters"));
    expect(trained!.bytes).toBe(2 * 7 * 64 * 4 * 4);
  });

  test.each([
    ["one that is not installed", "attune-peft-nowhere", 4, /npm install attune-peft-nowhere/],
    ["a module that is no list of contract values", "./wrong.mjs", 2, /list of contract values/],
  ])("%s is refused", async (_, plugin, code, said) => {
    writeFileSync(path("wrong.mjs"), "export default { kind: 'adapter-method' };\n");
    const refused = await spawnAttune(["plan", path("scaled.yaml"), "--plugin", plugin], { directory: folder });
    expect(refused).toMatchObject({ code });
    expect(refused.stderr).toMatch(said);
  });
});
