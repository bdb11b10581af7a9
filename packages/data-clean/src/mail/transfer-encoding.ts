import { decodeBinaryString, decodeBytes } from "./charset.ts";

/** Decodes the body of a part: transfer encoding (RFC 2045, section 6), then character set. */
export function decodeBody(body: string, encoding: string | undefined, charset: string | undefined): string {
  switch (encoding?.trim().toLowerCase()) {
    case "quoted-printable":
      return decodeQuotedPrintable(body, charset);
    case "base64":
      return decodeBase64(body, charset);
    default:
      return decodeBinaryString(body, charset);
  }
}

const escapes = /(?:=[0-9A-Fa-f]{2})+/g;

/**
 * Quoted-printable. "=" that starts no escape stays as it is. A text with characters above U+00FF was decoded before,
 * in which case only runs of escapes are bytes; otherwise the whole is, since multi-byte sets mix both in one character.
 */
function decodeQuotedPrintable(text: string, charset: string | undefined): string {
  const joined = text.replace(/=[ \t]*\r?\n/g, "").replace(/[ \t]+(?=\r?\n)/g, "");
  if (!joined.includes("=")) return decodeBinaryString(joined, charset);
  const toBytes = (run: string): Buffer => Buffer.from(run.replaceAll("=", ""), "hex");
  if (/[\u0100-\uffff]/.test(joined)) return joined.replace(escapes, (run) => decodeBytes(toBytes(run), charset));
  return decodeBytes(
    Buffer.from(
      joined.replace(escapes, (run) => toBytes(run).toString("latin1")),
      "latin1",
    ),
    charset,
  );
}

/** Base64. Decoding ends at the first line of another kind: lists append their footers as plain text. */
function decodeBase64(text: string, charset: string | undefined): string {
  const block = /^(?:[A-Za-z0-9+/=\s]*(?:\n|$))/.exec(text)?.[0] ?? "";
  return decodeBytes(Buffer.from(block, "base64"), charset);
}
