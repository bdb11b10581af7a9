/**
 * Mojibake: UTF-8 that was read as Windows-1252, as in "donâ€™t" for "don’t". A run of characters is repaired when the
 * bytes that they stand for are a valid UTF-8 sequence. After the idea of ftfy (R. Speer, 2019), for its most common case.
 */

/** The characters of Windows-1252 for bytes 0x80 to 0x9f; five of them are the control characters themselves. */
const upper = new TextDecoder("windows-1252").decode(Uint8Array.from({ length: 32 }, (_, index) => 0x80 + index));
const byteOf = new Map<string, number>();
for (let byte = 0x80; byte <= 0xff; byte++) byteOf.set(String.fromCharCode(byte), byte);
for (const [index, character] of [...upper].entries()) byteOf.set(character, 0x80 + index);

const following = `[\\x80-\\xbf${upper.replace(/[\\\]^-]/g, "\\$&")}]`;
const sequence = new RegExp(`[\\xc2-\\xdf]${following}|[\\xe0-\\xef]${following}{2}|[\\xf0-\\xf4]${following}{3}`, "g");
const decoder = new TextDecoder("utf-8", { fatal: true });

/**
 * Repairs UTF-8 read as Windows-1252, also when that happened up to three times. Two-character sequences other than
 * those of Latin-1 letters ("Ã¼", "Â£") also occur in ordinary text, so they must occur three times to be taken.
 */
export function repairMojibake(text: string): string {
  let current = text;
  for (let round = 0; round < 3; round++) {
    if (!/[\xc2-\xf4]/.test(current)) return current;
    const doubtful = current.match(/[\xc4-\xdf][\x80-\xbf]/g)?.length ?? 0;
    const repaired = current.replace(sequence, (run) =>
      run.length > 2 || "ÂÃ".includes(run[0]!) || doubtful >= 3 ? decodeRun(run) : run,
    );
    if (repaired === current) return current;
    current = repaired;
  }
  return current;
}

function decodeRun(run: string): string {
  try {
    return decoder.decode(Uint8Array.from(run, (character) => byteOf.get(character)!));
  } catch {
    return run;
  }
}
