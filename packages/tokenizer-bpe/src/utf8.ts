const encoder = new TextEncoder();

/** The UTF-8 bytes of a text. */
export function utf8Bytes(text: string): Uint8Array {
  return encoder.encode(text);
}

/**
 * Calls back with each UTF-8 byte of a text and the UTF-16 units of the character it belongs to. A lone surrogate
 * counts as U+FFFD, as in a TextEncoder.
 */
export function forEachByte(text: string, report: (byte: number, start: number, end: number) => void): void {
  for (let start = 0; start < text.length; ) {
    const unit = text.charCodeAt(start);
    if (unit < 0x80) {
      report(unit, start, start + 1);
      start += 1;
      continue;
    }
    const codePoint = text.codePointAt(start)!;
    const end = start + (codePoint > 0xffff ? 2 : 1);
    const character = codePoint >= 0xd800 && codePoint < 0xe000 ? 0xfffd : codePoint;
    const trailing = character < 0x800 ? 1 : character < 0x10000 ? 2 : 3;
    report(((0xf00 >> (trailing + 1)) & 0xff) | (character >> (6 * trailing)), start, end);
    for (let shift = 6 * (trailing - 1); shift >= 0; shift -= 6)
      report(0x80 | ((character >> shift) & 0x3f), start, end);
    start = end;
  }
}
