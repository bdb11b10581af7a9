// Rows in which nothing is trained: some are left out, counted and shown; when all are, training is refused.
import { join } from "node:path";
import { beforeAll, expect, it } from "vitest";
import { createToolbox, resolveRecipe, trainModel } from "../src/index.ts";
import { sharedFolder, writeRows, writeTinyModel } from "./tiny-model.ts";

const folder = sharedFolder();
const question = (row: number) => ({ role: "user", content: `meeting number ${row}` });
const answered = (row: number) => ({ messages: [question(row), { role: "assistant", content: "thanks" }] });
const unanswered = (row: number) => ({ messages: [question(row)] });
let model: string;

beforeAll(async () => {
  model = await writeTinyModel(folder);
}, 120_000);

async function train(name: string, rows: readonly object[]) {
  const data = writeRows(join(folder, `${name}.jsonl`), rows);
  const text = `
model: ${model}
data: { source: { path: ${data} } }
method: { id: lora, options: { rank: 2, targetModules: all-linear } }
training: { steps: 1, rows: 1, blockLength: 64 }
threads: 1
`;
  const recipe = await resolveRecipe({ file: join(folder, "chat.yaml"), text });
  return trainModel(recipe, { toolbox: createToolbox(), output: join(folder, name) });
}

it("leaves out conversations without an answer and counts them", async () => {
  const { rows } = await train("some", [answered(1), unanswered(2), answered(3), unanswered(4), answered(5)]);
  expect(rows).toMatchObject({ kept: 3, maskedOut: 2 });
  expect(rows.trainedTokens).toBeGreaterThan(0);
}, 120_000);

it("refuses data in which no row has one", async () => {
  await expect(train("none", [unanswered(1), unanswered(2)])).rejects.toMatchObject({
    code: "LABELS_INVALID",
    hint: expect.stringMatching(/.{10,}/),
  });
}, 120_000);
