import { isUtf8 } from "node:buffer";
import { TextDecoder } from "node:util";

const decoders = new Map<string, TextDecoder | undefined>();

/** Returns a decoder for a character set as mails name it, or undefined for a name that means nothing. */
function decoderFor(label: string): TextDecoder | undefined {
  const name = label.trim().toLowerCase().replace(/^3d/, "");
  if (!decoders.has(name)) {
    let decoder: TextDecoder | undefined;
    try {
      decoder = new TextDecoder(aliases[name] ?? name);
    } catch {
      decoder = undefined;
    }
    // Hostile mails name no end of character sets: remember only a few.
    if (decoders.size > 100) decoders.clear();
    decoders.set(name, decoder);
  }
  return decoders.get(name);
}

const aliases: Readonly<Record<string, string>> = {
  cp1252: "windows-1252",
  cp1251: "windows-1251",
  "ks_c_5601-1987": "euc-kr",
  chinesebig5: "big5",
};

/**
 * Decodes the bytes of a part. The named character set is used when it is known and not a plain default; otherwise,
 * and for US-ASCII and Latin-1 (which are often claimed and rarely true), valid UTF-8 is taken as such and everything
 * else as Windows-1252.
 */
export function decodeBytes(bytes: Uint8Array, charset: string | undefined): string {
  const decoder = charset === undefined ? undefined : decoderFor(charset);
  if (decoder !== undefined && decoder.encoding !== "windows-1252") return decoder.decode(bytes);
  return decoderFor(isUtf8(bytes) ? "utf-8" : "windows-1252")!.decode(bytes);
}

/**
 * A mail whose bytes were read with one character a byte holds characters up to U+00FF only; those of a part are
 * decoded with its character set. A text that was decoded before is left alone.
 */
export function decodeBinaryString(text: string, charset: string | undefined): string {
  // The Japanese seven-bit set marks its characters with escape sequences.
  if ((!/[\x80-\xff]/.test(text) && !text.includes("\u001b")) || /[\u0100-\uffff]/.test(text)) return text;
  const decoded = decodeBytes(Buffer.from(text, "latin1"), charset);
  return decoded.includes("\ufffd") ? text : decoded;
}
