import { type JsonValue, readFields, textField } from "@attune/spec";
import { corruptTokenizer } from "../corrupt-tokenizer.ts";
import type { TokenizerFiles } from "../files/tokenizer-files.ts";

/** Finds the chat template of a tokenizer: its own file first, then the config, where it may be one of several. */
export function chatTemplateOf({ chatTemplate, config, source }: TokenizerFiles): { readonly chatTemplate?: string } {
  const template = chatTemplate ?? configured(config?.["chat_template"], `${source}: tokenizer_config.chat_template`);
  return template === undefined ? {} : { chatTemplate: template };
}

function configured(value: JsonValue | undefined, where: string): string | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value === "string") return value;
  if (!Array.isArray(value)) throw corruptTokenizer(where, "expected a template or a list of named ones.");
  const named = new Map(
    value.map((entry, index) => {
      const section = readFields(entry, { file: `${where}[${index}]` });
      return [section.read("name", textField), section.read("template", textField)] as const;
    }),
  );
  return named.get("default");
}
