import type { TokenBuffer } from "./token-buffer.ts";

/** The byte character of the space. */
const spaceCharacter = "\u0120";

/**
 * Moves the offsets of byte-level tokens inwards past the white space that the tokens begin or end with, from a token
 * on. With `addsPrefixSpace`, the first space of a text was put in front and stands for no character.
 */
export function trimOffsets(
  buffer: TokenBuffer,
  first: number,
  tokenOf: (id: number) => string | undefined,
  addsPrefixSpace: boolean,
): void {
  const { ids, offsets, length } = buffer;
  for (let index = first; index < length; index++) {
    const token = tokenOf(ids[index]!) ?? "";
    const start = offsets[2 * index]!;
    const end = offsets[2 * index + 1]!;
    let leading = 0;
    while (leading < token.length && isSpace(token[leading]!)) leading += 1;
    let trailing = 0;
    while (trailing < token.length && isSpace(token[token.length - 1 - trailing]!)) trailing += 1;
    if (leading > 0 && addsPrefixSpace && (index === first || start === 0)) leading -= 1;
    const trimmedStart = Math.min(start + leading, end);
    offsets[2 * index] = trimmedStart;
    if (trailing > 0 && end >= trailing) offsets[2 * index + 1] = Math.max(end - trailing, trimmedStart);
  }
}

function isSpace(character: string): boolean {
  return character === spaceCharacter || /\p{White_Space}/u.test(character);
}
