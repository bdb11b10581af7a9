import { integerField, isJsonObject, type JsonObject, readFields, type SpecialTokens } from "@attune/spec";
import type { TokenizerFiles } from "../files/tokenizer-files.ts";
import type { TokenizerModel } from "../tokenizer-plugin.ts";
import { type AddedToken, readAddedToken, tokenContent } from "./added-token.ts";
import type { NumberedToken } from "./added-vocabulary.ts";

const count = integerField({ minimum: 0 });

/** Keys under which configs name tokens with a role, beside bos, eos, pad and unk. */
const furtherRoles: readonly string[] = ["cls_token", "sep_token", "mask_token"];

/** The texts of the tokens that have a role. */
export interface RoleContents {
  readonly bos: string | undefined;
  readonly eos: string | undefined;
  readonly pad: string | undefined;
  readonly unk: string | undefined;
}

/** Reads which tokens have a role: from tokenizer_config.json, then special_tokens_map.json, then the model. */
export function readRoles(files: TokenizerFiles, model: TokenizerModel): RoleContents {
  const contentOf = (role: string): string | undefined => {
    const key = `${role}_token`;
    return (
      tokenContent(files.config?.[key], `${files.source}: tokenizer_config.${key}`) ??
      tokenContent(files.specialTokensMap?.[key], `${files.source}: special_tokens_map.${key}`)
    );
  };
  return {
    bos: contentOf("bos"),
    eos: contentOf("eos"),
    pad: contentOf("pad"),
    unk: contentOf("unk") ?? model.unknownToken,
  };
}

/** Looks up the ids of the tokens that have a role; one that no vocabulary holds has none. */
export function roleIds(roles: RoleContents, idOf: (token: string) => number | undefined): SpecialTokens {
  const find = (content: string | undefined) => (content === undefined ? undefined : idOf(content));
  return { bos: find(roles.bos), eos: find(roles.eos), pad: find(roles.pad), unk: find(roles.unk) };
}

/**
 * Lists the added tokens of tokenizer.json, then those that only the config has: its `added_tokens_decoder`, and the
 * tokens with a role as far as the model knows them, which Transformers makes special.
 */
export function listAddedTokens(files: TokenizerFiles, model: TokenizerModel, roles: RoleContents): NumberedToken[] {
  const found = new Map<string, NumberedToken>();
  const add = (id: number, token: AddedToken): void => {
    if (!found.has(token.content)) found.set(token.content, { id, token });
  };
  const root = readFields(files.tokenizer, { file: files.source });
  const listed = root.has("added_tokens") ? root.objects("added_tokens") : [];
  for (const section of listed) {
    const token = readAddedToken(section.fields, section.where, false);
    if (found.has(token.content)) throw section.error(undefined, `the added token "${token.content}" is there twice.`);
    add(section.read("id", count), token);
  }
  const where = `${files.source}: tokenizer_config.added_tokens_decoder`;
  const decoder = files.config?.["added_tokens_decoder"];
  for (const [id, value] of Object.entries(isJsonObject(decoder) ? decoder : {})) {
    add(Number(id), readAddedToken(value, `${where}.${id}`, true));
  }
  for (const content of [...Object.values(roles), ...namedFurther(files)] as (string | undefined)[]) {
    const id = content === undefined ? undefined : model.idOf(content);
    if (id !== undefined) add(id, readAddedToken(content!, files.source, true));
  }
  return [...found.values()];
}

function namedFurther({ config, specialTokensMap, source }: TokenizerFiles): (string | undefined)[] {
  return [config, specialTokensMap].flatMap((file: JsonObject | undefined) => {
    const listed = file?.["additional_special_tokens"] ?? file?.["extra_special_tokens"];
    const values = [...furtherRoles.map((role) => file?.[role]), ...(Array.isArray(listed) ? listed : [])];
    return values.map((value) => tokenContent(value, `${source}: special tokens`));
  });
}
