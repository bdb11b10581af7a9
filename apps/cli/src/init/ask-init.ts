import { AttuneError } from "@attune/spec";
import { cancel, intro, isCancel, log, select, text } from "@clack/prompts";
import { sourceFrom } from "../options/source-from.ts";
import type { InitOptions } from "../verbs/init.ts";
import { type DataShape, inspectData } from "./inspect-data.ts";
import { nameFrom } from "./name-from.ts";

/** What somebody chose, and what the records look like, which the questions were asked by. */
export interface InitAnswers extends InitOptions {
  readonly shape: DataShape;
}

/** Asks for what was not given. Every question has a flag. */
export async function askInit(options: InitOptions): Promise<InitAnswers> {
  intro("A recipe for your own data");
  const data =
    options.data ?? (await answered(text({ message: "Where are your records?", placeholder: "tickets.jsonl" })));
  const shape = await inspectData(sourceFrom(options, data));
  for (const remark of shape.remarks) log.warn(remark);
  const task =
    options.task ??
    (await answered(
      select({
        message: `${shape.description}. What is the model to do?`,
        initialValue: shape.task,
        options: [
          { value: "classification" as const, label: "tell labels apart" },
          { value: "generation" as const, label: "answer prompts" },
          { value: "perplexity" as const, label: "speak like these texts" },
        ],
      }),
    ));
  const name = options.name ?? (await answered(text({ message: "Name of the run?", initialValue: nameFrom(data) })));
  const model = await answered(text({ message: "Which model?", initialValue: options.model }));
  const output = await answered(text({ message: "File of the recipe?", initialValue: options.output }));
  return { ...options, data, task, name, model, output, shape };
}

async function answered<Value>(question: Promise<Value>): Promise<Exclude<Value, symbol>> {
  const answer = await question;
  if (!isCancel(answer)) return answer as Exclude<Value, symbol>;
  cancel("Nothing was written.");
  throw new AttuneError("ABORTED", "The questions were left.");
}
