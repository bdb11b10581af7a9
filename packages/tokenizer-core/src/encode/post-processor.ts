/** The post-processors of tokenizer.json, for single texts: special tokens around, and offsets without white space. */
import type { JsonValue } from "@attune/spec";
import { buildComponent, buildSequence, type ComponentBuilders } from "../component.ts";
import {
  booleanField,
  corruptSection,
  listField,
  type Section,
  sectionList,
  sectionOf,
  stringField,
} from "../section.ts";

/** What happens to the tokens of a text at the end. */
export interface PostProcessor {
  /** Ids put in front when special tokens are asked for. */
  readonly prefix: readonly number[];
  /** Ids put behind when special tokens are asked for. */
  readonly suffix: readonly number[];
  /** Whether offsets leave out the white space that tokens begin or end with. */
  readonly trimsOffsets: boolean;
  /** With trimming: whether the first space is one that was put in front and stands for no character. */
  readonly addsPrefixSpace: boolean;
}

const nothing: PostProcessor = { prefix: [], suffix: [], trimsOffsets: false, addsPrefixSpace: false };

const builders: ComponentBuilders<PostProcessor> = {
  ByteLevel: trimming,
  TemplateProcessing: template,
  BertProcessing: around,
  RobertaProcessing: (section) => ({ ...trimming(section), ...prefixAndSuffix(section) }),
  Sequence: (section) =>
    buildSequence("post-processor", builders, section, "processors").reduce(
      (inner, outer) => ({
        prefix: [...outer.prefix, ...inner.prefix],
        suffix: [...inner.suffix, ...outer.suffix],
        trimsOffsets: inner.trimsOffsets || outer.trimsOffsets,
        addsPrefixSpace: inner.addsPrefixSpace || outer.addsPrefixSpace,
      }),
      nothing,
    ),
};

/** Builds a post-processor from its section of tokenizer.json; without one, nothing is added. */
export function buildPostProcessor(section: Section | undefined): PostProcessor {
  return section ? buildComponent("post-processor", builders, section) : nothing;
}

function trimming(section: Section): PostProcessor {
  const trimsOffsets = booleanField(section, "trim_offsets", true);
  return { ...nothing, trimsOffsets, addsPrefixSpace: trimsOffsets && booleanField(section, "add_prefix_space", true) };
}

function around(section: Section): PostProcessor {
  return { ...nothing, ...prefixAndSuffix(section) };
}

function prefixAndSuffix(section: Section): Pick<PostProcessor, "prefix" | "suffix"> {
  const idOf = (key: string) => idValue(listField(section, key)[1], `${section.where}.${key}`);
  return { prefix: [idOf("cls")], suffix: [idOf("sep")] };
}

/** `single` lists special tokens and the text `A`; `special_tokens` gives the ids of each. */
function template(section: Section): PostProcessor {
  const tokens = sectionOf(section.value["special_tokens"] ?? {}, `${section.where}.special_tokens`);
  const prefix: number[] = [];
  const suffix: number[] = [];
  let seen = false;
  for (const piece of sectionList(section, "single")) {
    if ("Sequence" in piece.value) {
      if (seen) throw corruptSection(piece.where, "expected the text once, but it is there twice.");
      seen = true;
      continue;
    }
    const name = stringField(sectionOf(piece.value["SpecialToken"], `${piece.where}.SpecialToken`), "id");
    if (!Object.hasOwn(tokens.value, name))
      throw corruptSection(tokens.where, `expected ids of "${name}", but there are none.`);
    const entry = sectionOf(tokens.value[name], `${tokens.where}.${name}`);
    (seen ? suffix : prefix).push(...listField(entry, "ids").map((id) => idValue(id, entry.where)));
  }
  if (!seen)
    throw corruptSection(`${section.where}.single`, "expected the text between the special tokens, but it is missing.");
  return { ...nothing, prefix, suffix };
}

function idValue(value: JsonValue | undefined, where: string): number {
  if (typeof value === "number" && Number.isSafeInteger(value) && value >= 0) return value;
  throw corruptSection(where, `expected a token id, but found ${JSON.stringify(value)}.`);
}
