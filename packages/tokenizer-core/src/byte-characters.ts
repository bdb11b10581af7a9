/**
 * The printable characters that stand for the 256 bytes in a byte-level vocabulary (GPT-2, Radford et al. 2019):
 * bytes 33..126, 161..172 and 174..255 are the characters of the same number; the other 68, in order, are U+0100 and
 * on. So the space is U+0120 and the line feed U+010A.
 */
function listByteCharacters(): string[] {
  let next = 0x100;
  return Array.from({ length: 256 }, (_, byte) => {
    const printable = (byte >= 33 && byte <= 126) || (byte >= 161 && byte <= 172) || byte >= 174;
    return String.fromCharCode(printable ? byte : next++);
  });
}

/** The character of each byte, 256 of them. */
export const byteCharacters: readonly string[] = listByteCharacters();

/** The byte of each such character. */
export const bytesOfCharacters: ReadonlyMap<string, number> = new Map(
  byteCharacters.map((character, byte) => [character, byte]),
);

const encoder = new TextEncoder();

/** Writes the UTF-8 bytes of a text as byte characters. Lone surrogates count as U+FFFD. */
export function toByteCharacters(text: string): string {
  let characters = "";
  for (const byte of encoder.encode(text)) characters += byteCharacters[byte]!;
  return characters;
}

/** The bytes that byte characters stand for, or undefined when there is another character among them. */
export function fromByteCharacters(characters: string): Uint8Array | undefined {
  const bytes = new Uint8Array(characters.length);
  for (let index = 0; index < characters.length; index++) {
    const byte = bytesOfCharacters.get(characters[index]!);
    if (byte === undefined) return undefined;
    bytes[index] = byte;
  }
  return bytes;
}
