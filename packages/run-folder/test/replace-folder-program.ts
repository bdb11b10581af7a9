/** Replaces the folder FOLDER by generation after generation, and says on stdout which one is surely there. */
import { writeFileSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { replaceFolder } from "../src/index.ts";

const [folder, first, last] = process.argv.slice(2) as [string, string, string];
for (let generation = Number(first); generation <= Number(last); generation++) {
  await replaceFolder(folder, async (temporary) => {
    await mkdir(join(temporary, "optimizer"));
    await writeFile(join(temporary, "step.json"), JSON.stringify({ generation }));
    await writeFile(join(temporary, "optimizer", "state.bin"), Buffer.alloc(20_000, generation));
  });
  writeFileSync(1, `${generation}\n`);
}
