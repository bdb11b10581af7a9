// The text of a new recipe: it opens with its command, and says of each number what it changes.
import { dirname, isAbsolute, relative, resolve } from "node:path";
import type { FileSource } from "../options/source-from.ts";
import { quotePath } from "../terminal/quote-path.ts";
import type { DataShape } from "./inspect-data.ts";

/** What a recipe is drafted from. */
export interface RecipeDraft {
  readonly source: FileSource;
  readonly raw: boolean;
  readonly answered: boolean;
  readonly chat: boolean;
  /** Whether the model's tokenizer says how conversations are written. */
  readonly hasChatTemplate: boolean;
  readonly task: DataShape["task"];
  readonly labels: readonly string[];
  readonly model: string;
  readonly name: string;
  /** File that the recipe will be in, for its first line. */
  readonly output: string;
}

const purposes: Readonly<Record<DataShape["task"], string>> = {
  classification: "tells the labels of these records apart",
  generation: "answers prompts as these records do",
  perplexity: "speaks like these texts",
};

/** With more labels than this, the recipe does not list words for each. */
const mostWords = 20;

/** A recipe in YAML. Texts are written as JSON strings, which YAML reads. */
export function draftRecipe(draft: RecipeDraft): string {
  const { task, model, name, output, raw } = draft;
  const file = quotePath(output);
  return `# ${name}: a model that ${purposes[task]}.
#
#   attune plan ${file}                           memory and time, before anything runs
#   attune run ${file}                            everything, into runs/${name}
#   attune run ${file} --set training.epochs=3    any value can be set like this
#
# attune config show ${file} lists every value with its default.
name: ${JSON.stringify(name)}
model: ${JSON.stringify(model)}  # a Hugging Face folder works, too

data:
  source: ${JSON.stringify({ ...draft.source, path: pathFrom(output, draft.source.path) })}
  stages:
${raw ? "    parse:  # mails and HTML to text\n" : ""}    clean:  # repairs Unicode and white space, drops what is no text
    dedup:  # drops exact and near duplicates
    pii:    # masks addresses, numbers and names of accounts; false leaves it out
    split: ${splitOf(draft.source)}

${templateOf(draft)}
method:
  id: lora
  options:
    rank: 8  # a higher rank can learn more, and forget more
    targetModules: all-linear

training:
  epochs: 2  # passes over the records; more learn more until the validation loss turns
  learningRate: 0.002  # too high diverges, too low learns nothing
  rows: 4
${blockOf(draft)}  evaluateEvery: 25  # steps between two looks at the validation part
  keep: best

evaluation:
${evaluationOf(draft)}
merge: {}
`;
}

/** Columns that were asked to be kept are what records belong together by. */
function splitOf({ keep = [] }: FileSource): string {
  const shares = "validation: 0.1, test: 0.2";
  if (keep.length === 0) return `{ ${shares} }  # duplicates, threads and senders never lie in two parts`;
  const groupBy = JSON.stringify(["cluster", "thread", "sender", ...keep]);
  return `{ groupBy: ${groupBy}, ${shares} }  # records that share one of these never lie in two parts`;
}

/** A path as the recipe says it: from its own folder. */
function pathFrom(output: string, data: string): string {
  return isAbsolute(data) ? data : relative(dirname(resolve(output)), resolve(data)).replaceAll("\\", "/");
}

const longRows = `  longRows: drop  # rows longer than that are left out, and counted; cut keeps their beginning, error stops
`;

function blockOf({ task, answered }: RecipeDraft): string {
  if (task === "classification")
    return "  blockLength: 256  # tokens of a packed row, at least those of the longest record; more takes more memory\n";
  if (task === "perplexity")
    return `  blockLength: 256  # tokens of a packed row, into which longer texts are cut; more takes more memory
${answered ? longRows : ""}`;
  return `  blockLength: 512  # tokens of a packed row; more takes more memory
${longRows}`;
}

/** Turns in plain words, for tokenizers that have no signs of their own: only the end of an answer is one. */
const chatTemplate = `template:
  chatTemplate: |-  # how conversations are written, as this tokenizer does not say it
    {% if bos_token %}{{ bos_token }}{% endif %}{% for message in messages %}{{ message.role | capitalize }}:
    {{ message.content }}{% if message.role == 'assistant' %}{{ eos_token }}{% endif %}
    {% endfor %}{% if add_generation_prompt %}Assistant:
    {% endif %}
`;

function templateOf({ task, labels, chat, hasChatTemplate }: RecipeDraft): string {
  if (task === "perplexity") return 'template:\n  prompt: "{text}"\n';
  if (task === "generation") {
    if (chat) return hasChatTemplate ? "" : chatTemplate;
    return `template:
  prompt: "{text}\\nAnswer:"
  completion: " {completion}"
  maxTokens: 256  # longer prompts are cut
`;
  }
  if (labels.length > mostWords) {
    return `template:
  prompt: "{text}\\nCategory:"
  completion: " {completion}"  # the label itself; template.completions gives each label words of its own
  maxTokens: 160  # longer texts are cut
  endOfText: false
`;
  }
  const words = labels.map(
    (label) => `    ${JSON.stringify(label)}: ${JSON.stringify(` ${label.replaceAll("_", " ")}`)}\n`,
  );
  return `template:
  prompt: "{text}\\nCategory:"
  completions:  # what the model says for each label; common words work best
${words.join("")}  maxTokens: 160  # longer texts are cut
  endOfText: false
`;
}

function evaluationOf({ task }: RecipeDraft): string {
  if (task === "perplexity") return "  task: perplexity\n";
  if (task === "generation") return "  task: generation\n  maxNewTokens: 64\n";
  return "  task: classification  # accuracy and F1 beside two baselines that use no language model\n  calibration: affine\n";
}
