import { isJsonObject, type JsonObject, type JsonValue } from "@attune/spec";

/**
 * Writes tokenizer.json with the bytes that huggingface/tokenizers writes: indent 2, and the vocabulary in the order of
 * its ids (an object alone would put tokens that look like numbers first).
 */
export function formatTokenizerJson(document: JsonObject): string {
  const model = document["model"];
  const vocabulary = isJsonObject(model) ? model["vocab"] : undefined;
  if (!isJsonObject(model) || !isJsonObject(vocabulary)) return JSON.stringify(document, null, 2);
  const placeholder = freshPlaceholder(document);
  const entries = Object.entries(vocabulary).sort(([, left], [, right]) => Number(left) - Number(right));
  const lines = entries.map(([token, id]) => `      ${JSON.stringify(token)}: ${JSON.stringify(id)}`);
  const text = JSON.stringify({ ...document, model: { ...model, vocab: placeholder } }, null, 2);
  const written = lines.length > 0 ? `{\n${lines.join(",\n")}\n    }` : "{}";
  return text.replace(JSON.stringify(placeholder), () => written);
}

/** A text that stands nowhere in the document. */
function freshPlaceholder(document: JsonValue): string {
  const text = JSON.stringify(document);
  let placeholder = "vocabulary";
  while (text.includes(`"${placeholder}"`)) placeholder += "-";
  return placeholder;
}
