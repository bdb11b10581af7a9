import { AttuneError } from "@attune/spec";
import type { InitAnswers } from "../init/ask-init.ts";
import { draftRecipe } from "../init/draft-recipe.ts";
import { inspectData } from "../init/inspect-data.ts";
import { nameFrom } from "../init/name-from.ts";
import { openTokenizer } from "../open/open-tokenizer.ts";
import { sourceFrom } from "../options/source-from.ts";
import { quotePath } from "../terminal/quote-path.ts";
import type { VerbAction, VerbContext } from "../verb.ts";
import type { InitOptions } from "../verbs/init.ts";
import { writeNewFile } from "./write-new-file.ts";

/** Writes a recipe: asks on a terminal for what is not given, takes defaults elsewhere. */
export const init: VerbAction<InitOptions> = async (options, { host, note }) => {
  const asked = await answers(options, host);
  const chosen = asked ?? options;
  const { data, model, output } = chosen;
  if (data === undefined) {
    throw new AttuneError("OPTIONS_INVALID", "Expected --data, the path of your records.", {
      hint: "For example: attune init --data tickets.jsonl. On a terminal, attune init asks for everything.",
    });
  }
  const shape = asked?.shape ?? (await inspectData(sourceFrom(chosen, data)));
  const { task = shape.task, name = nameFrom(data) } = chosen;
  const hasChatTemplate = shape.chat && (await openTokenizer(model, host)).chatTemplate !== undefined;
  const text = draftRecipe({ ...shape, hasChatTemplate, task, model, name, output });
  await writeNewFile(output, text);
  for (const sentence of [`${shape.description}.`, ...(asked ? [] : shape.remarks)]) note(sentence);
  return {
    json: { output, task, name, model, remarks: [...shape.remarks] },
    text: `written to ${output}; look at it, then: attune run ${quotePath(output)}`,
  };
};

/** The answers of someone at a terminal; undefined where nobody is there to ask. */
async function answers(options: InitOptions, host: VerbContext["host"]): Promise<InitAnswers | undefined> {
  const { stdin, stdout, environment } = host;
  const asks = stdin.isTTY === true && stdout.isTTY === true && !environment["CI"] && !options.yes && !options.json;
  return asks ? (await import("../init/ask-init.ts")).askInit(options) : undefined;
}
