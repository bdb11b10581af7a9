import { isJsonObject, type JsonValue } from "@attune/spec";
import type { TokenizerFiles } from "../files/tokenizer-files.ts";
import { corruptSection, stringField } from "../section.ts";

/** Finds the chat template of a tokenizer: its own file first, then the config, where it may be one of several. */
export function chatTemplateOf({ chatTemplate, config, source }: TokenizerFiles): { readonly chatTemplate?: string } {
  const template = chatTemplate ?? configured(config?.["chat_template"], `${source}: tokenizer_config.chat_template`);
  return template === undefined ? {} : { chatTemplate: template };
}

function configured(value: JsonValue | undefined, where: string): string | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value === "string") return value;
  if (!Array.isArray(value)) throw corruptSection(where, "expected a template or a list of named ones.");
  const named = new Map(
    value.map((entry, index) => {
      const section = { value: isJsonObject(entry) ? entry : {}, where: `${where}[${index}]` };
      return [stringField(section, "name"), stringField(section, "template")] as const;
    }),
  );
  return named.get("default");
}
