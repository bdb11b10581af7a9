/** The post-processors of tokenizer.json, for single texts: special tokens around, and offsets without white space. */
import { anyListField, booleanField, type FieldReader, integerField, listField, textField } from "@attune/spec";
import { buildComponent, buildSequence, type ComponentBuilders } from "../component.ts";

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

const tokenId = integerField({ minimum: 0 });
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
export function buildPostProcessor(section: FieldReader | undefined): PostProcessor {
  return section ? buildComponent("post-processor", builders, section) : nothing;
}

function trimming(section: FieldReader): PostProcessor {
  const trimsOffsets = section.read("trim_offsets", booleanField, true);
  return {
    ...nothing,
    trimsOffsets,
    addsPrefixSpace: trimsOffsets && section.read("add_prefix_space", booleanField, true),
  };
}

function around(section: FieldReader): PostProcessor {
  return { ...nothing, ...prefixAndSuffix(section) };
}

/** Each of `cls` and `sep` is a pair of a token and its id. */
function prefixAndSuffix(section: FieldReader): Pick<PostProcessor, "prefix" | "suffix"> {
  const idOf = (key: string): number => {
    const [, id] = section.read(key, anyListField);
    if (tokenId.accepts(id)) return id;
    throw section.refusal(key, "a token and its id");
  };
  return { prefix: [idOf("cls")], suffix: [idOf("sep")] };
}

/** `single` lists special tokens and the text `A`; `special_tokens` gives the ids of each. */
function template(section: FieldReader): PostProcessor {
  const tokens = section.optionalObject("special_tokens");
  const prefix: number[] = [];
  const suffix: number[] = [];
  let seen = false;
  for (const piece of section.objects("single")) {
    if ("Sequence" in piece.fields) {
      if (seen) throw piece.error(undefined, "expected the text once, but it is there twice.");
      seen = true;
      continue;
    }
    const name = piece.object("SpecialToken").read("id", textField);
    if (!tokens?.has(name)) throw section.error("special_tokens", `expected ids of the special token "${name}".`);
    (seen ? suffix : prefix).push(...tokens.object(name).read("ids", listField(tokenId)));
  }
  if (!seen) throw section.error("single", "expected the text between the special tokens, but it is missing.");
  return { ...nothing, prefix, suffix };
}
