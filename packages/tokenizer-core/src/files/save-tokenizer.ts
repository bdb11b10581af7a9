import { integerField, type JsonObject, type JsonValue, readFields, sortKeys } from "@attune/spec";
import { readAddedToken } from "../added-tokens/added-token.ts";
import { chatTemplateOf } from "../chat/chat-template.ts";
import { formatTokenizerJson } from "./format-tokenizer.ts";
import type { TokenizerFiles } from "./tokenizer-files.ts";

const count = integerField({ minimum: 0 });

const roles: readonly string[] = ["bos_token", "eos_token", "pad_token", "unk_token"];

/**
 * Writes a tokenizer as Transformers does: `tokenizer.json`, `tokenizer_config.json`, `special_tokens_map.json` and,
 * where there is a chat template, `chat_template.jinja`. Each file is written atomically.
 */
export async function saveTokenizer(folder: string, files: TokenizerFiles): Promise<void> {
  const { mkdir } = await import("node:fs/promises");
  const { join } = await import("node:path");
  const { writeFileAtomic } = await import("@attune/run-folder");
  await mkdir(folder, { recursive: true });
  const write = (name: string, text: string) => writeFileAtomic(join(folder, name), text);
  await write("tokenizer.json", formatTokenizerJson(files.tokenizer));
  await write("tokenizer_config.json", sortedJson(configOf(files)));
  await write("special_tokens_map.json", sortedJson(files.specialTokensMap ?? rolesOf(files.config)));
  const { chatTemplate } = chatTemplateOf(files);
  if (chatTemplate !== undefined) await write("chat_template.jinja", chatTemplate);
}

function configOf({ tokenizer, config, source }: TokenizerFiles): JsonObject {
  const { chat_template: _, ...rest } = config ?? {};
  const root = readFields(tokenizer, { file: source });
  const listed = root.has("added_tokens") ? root.objects("added_tokens") : [];
  const decoder = listed.map((section): [string, JsonValue] => {
    const { id: _, ...token } = section.fields;
    readAddedToken(token, section.where, false);
    return [String(section.read("id", count)), token];
  });
  return {
    added_tokens_decoder: Object.fromEntries(decoder),
    clean_up_tokenization_spaces: false,
    tokenizer_class: "PreTrainedTokenizerFast",
    ...rest,
  };
}

function rolesOf(config: JsonObject | undefined): JsonObject {
  const named = roles.flatMap((role) => (config?.[role] == null ? [] : [[role, config[role]] as const]));
  return Object.fromEntries(named);
}

function sortedJson(value: JsonObject): string {
  return `${JSON.stringify(sortKeys(value), null, 2)}\n`;
}
