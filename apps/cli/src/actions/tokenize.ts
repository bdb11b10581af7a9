import { AttuneError, type JsonObject, type Tokenizer } from "@attune/spec";
import { openTokenizer } from "../open/open-tokenizer.ts";
import { nameOf, parseIds, parseObject, readLines, readWhole } from "../open/read-input.ts";
import type { VerbAction, VerbResult } from "../verb.ts";
import type { TokenizeOptions } from "../verbs/tokenize.ts";

/** Encodes or decodes a whole input, or each of its lines. */
export const tokenize: VerbAction<TokenizeOptions> = async (options, context) => {
  const { input, lines, decode } = options;
  const tokenizer = await openTokenizer(options.tokenizer, context.host);
  const convert = decode ? decodeText : encodeText;
  if (!lines) {
    const result = convert(tokenizer, await readWhole(input, context.host.stdin), options, 1);
    if (context.json || !decode) return result;
    // The text as it is: a line feed that is added would come back as a token.
    await context.write(result.text);
    return undefined;
  }
  let line = 0;
  for await (const text of readLines(input, context.host.stdin)) {
    line += 1;
    const result = convert(tokenizer, text, options, line);
    await context.write(`${context.json ? JSON.stringify(result.json) : result.text}\n`);
  }
  return undefined;
};

function encodeText(tokenizer: Tokenizer, text: string, options: TokenizeOptions): VerbResult {
  const { addSpecialTokens, literal } = options;
  const { ids } = tokenizer.encode(text, { addSpecialTokens, parseSpecialTokens: !literal });
  const json: JsonObject = { ids: [...ids], tokens: Array.from(ids, (id) => tokenizer.tokenOf(id) ?? "") };
  return { json, text: ids.join(" ") };
}

function decodeText(tokenizer: Tokenizer, line: string, options: TokenizeOptions, number: number): VerbResult {
  const ids = parseIds(parseObject(line, options.input, number)["ids"], "ids", options.input, number);
  const unknown = ids.find((id) => tokenizer.tokenOf(id) === undefined);
  if (unknown !== undefined) {
    throw new AttuneError(
      "INPUT_INVALID",
      `Expected ids of the vocabulary in line ${number} of ${nameOf(options.input)}, but received ${unknown}.`,
      { hint: `The ids of this tokenizer are below ${tokenizer.vocabularySize}.`, details: { line: number } },
    );
  }
  const text = tokenizer.decode(ids, { skipSpecialTokens: options.skipSpecialTokens });
  return { json: { text }, text };
}
