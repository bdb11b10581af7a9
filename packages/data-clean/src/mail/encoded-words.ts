import { decodeBinaryString, decodeBytes } from "./charset.ts";

const word = /=\?([\w-]{1,40})(?:\*[\w-]*)?\?([bBqQ])\?([^?\s]*(?:[^?]*[^?\s])?)\?=/g;

/**
 * Decodes the encoded words of a header value (RFC 2047). White space between two of them is dropped, and neighbours
 * with one character set are decoded together, because senders cut inside multi-byte characters.
 */
export function decodeEncodedWords(value: string): string {
  if (!value.includes("=?")) return decodeBinaryString(value, undefined);
  const pieces: (string | { readonly charset: string; readonly bytes: Buffer })[] = [];
  let end = 0;
  for (const match of value.matchAll(word)) {
    const between = value.slice(end, match.index);
    const last = pieces.at(-1);
    const adjacent = typeof last === "object" && between.trim() === "";
    if (!adjacent && between !== "") pieces.push(between);
    const charset = match[1]!.toLowerCase();
    const bytes = /b/i.test(match[2]!) ? Buffer.from(match[3]!, "base64") : decodeQ(match[3]!);
    if (adjacent && last.charset === charset)
      pieces[pieces.length - 1] = { charset, bytes: Buffer.concat([last.bytes, bytes]) };
    else pieces.push({ charset, bytes });
    end = match.index + match[0].length;
  }
  pieces.push(value.slice(end));
  return pieces.map((piece) => (typeof piece === "string" ? piece : decodeBytes(piece.bytes, piece.charset))).join("");
}

function decodeQ(text: string): Buffer {
  const unescaped = text
    .replaceAll("_", " ")
    .replace(/=([0-9A-Fa-f]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
  return Buffer.from(unescaped, "latin1");
}
