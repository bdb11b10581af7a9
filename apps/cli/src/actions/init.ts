import { writeFile } from "node:fs/promises";
import { AttuneError, toAttuneError } from "@attune/spec";
import { draftRecipe } from "../init/draft-recipe.ts";
import { inspectData } from "../init/inspect-data.ts";
import { nameFrom } from "../init/name-from.ts";
import { quotePath } from "../terminal/quote-path.ts";
import type { VerbAction, VerbContext } from "../verb.ts";
import type { InitOptions } from "../verbs/init.ts";

/** Writes a recipe: asks on a terminal for what is not given, takes defaults elsewhere. */
export const init: VerbAction<InitOptions> = async (options, { host, note }) => {
  const { data, columns, task, model, name, output } = (await answers(options, host)) ?? options;
  if (data === undefined) {
    throw new AttuneError("OPTIONS_INVALID", "Expected --data, the path of your records.", {
      hint: "For example: attune init --data tickets.jsonl. On a terminal, attune init asks for everything.",
    });
  }
  const shape = await inspectData(data, columns);
  const chosen = { data, columns, task: task ?? shape.task, model, name: name ?? nameFrom(data), labels: shape.labels };
  const text = draftRecipe({ ...chosen, output });
  try {
    await writeFile(output, text, { flag: "wx" });
  } catch (error) {
    throw toAttuneError(error);
  }
  note(`${shape.description}.`);
  return {
    json: { output, task: chosen.task, name: chosen.name, model },
    text: `written to ${output}; look at it, then: attune run ${quotePath(output)}`,
  };
};

/** The answers of someone at a terminal; undefined where nobody is there to ask. */
async function answers(options: InitOptions, host: VerbContext["host"]): Promise<InitOptions | undefined> {
  const { stdin, stdout, environment } = host;
  const asks = stdin.isTTY === true && stdout.isTTY === true && !environment["CI"] && !options.yes && !options.json;
  return asks ? (await import("../init/ask-init.ts")).askInit(options) : undefined;
}
