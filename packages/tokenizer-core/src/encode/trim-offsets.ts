import type { TokenBuffer } from "./token-buffer.ts";

/** The byte character of the space. */
const spaceCharacter = "\u0120";

/**
 * Moves the offsets of byte-level tokens inwards past the white space that the tokens begin or end with, from a token
 * on. With `addsPrefixSpace`, a single space at the beginning may have been put in front and stands for no character.
 * `textOf` gives a token's text: byte characters, or what an added token took from the input.
 */
export function trimOffsets(
  buffer: TokenBuffer,
  first: number,
  textOf: (id: number, start: number, end: number) => string,
  addsPrefixSpace: boolean,
): void {
  const { ids, offsets, length } = buffer;
  for (let index = first; index < length; index++) {
    const start = offsets[2 * index]!;
    const end = offsets[2 * index + 1]!;
    const text = textOf(ids[index]!, start, end);
    let leading = 0;
    while (leading < text.length && isSpace(text[leading]!)) leading += 1;
    let trailing = 0;
    while (trailing < text.length && isSpace(text[text.length - 1 - trailing]!)) trailing += 1;
    if (leading === 1 && addsPrefixSpace && (index === first || start === 0)) leading = 0;
    const trimmedStart = Math.min(start + leading, end);
    offsets[2 * index] = trimmedStart;
    if (trailing > 0 && end >= trailing) offsets[2 * index + 1] = Math.max(end - trailing, trimmedStart);
  }
}

function isSpace(character: string): boolean {
  return character === spaceCharacter || /\p{White_Space}/u.test(character);
}
