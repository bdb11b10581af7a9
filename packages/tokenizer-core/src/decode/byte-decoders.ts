import { fromByteCharacters } from "../byte-characters.ts";
import type { Decoder, DecodeStage, EmitToken } from "./decode-stage.ts";

const encoder = new TextEncoder();
const lossy = new TextDecoder("utf-8", { ignoreBOM: true });
const strict = new TextDecoder("utf-8", { ignoreBOM: true, fatal: true });

/**
 * Reads byte characters as the bytes of UTF-8 text. Bytes of a character that is not complete wait for the next token;
 * what can never become a character gives U+FFFD. A token with other characters, and an added token, is text itself.
 */
export function byteLevelDecoder(): Decoder {
  // Nearly all tokens are whole characters, and the same ones come again and again.
  const whole = new Map<string, string>();
  return { fuses: true, start: () => startByteLevel(whole) };
}

function startByteLevel(whole: Map<string, string>): DecodeStage {
  let waiting = new Uint8Array(0);
  return {
    push(text, verbatim, emit) {
      const known = verbatim || waiting.length > 0 ? undefined : whole.get(text);
      if (known !== undefined) {
        emit(known, false);
        return;
      }
      const bytes = (verbatim ? undefined : fromByteCharacters(text)) ?? encoder.encode(text);
      const all = waiting.length === 0 ? bytes : Uint8Array.of(...waiting, ...bytes);
      const complete = all.length - incompleteTail(all);
      waiting = all.slice(complete);
      if (complete === 0) return;
      const decoded = lossy.decode(all.subarray(0, complete));
      if (!verbatim && all === bytes && waiting.length === 0) whole.set(text, decoded);
      emit(decoded, false);
    },
    end(emit) {
      if (waiting.length > 0) emit(lossy.decode(waiting), false);
      waiting = new Uint8Array(0);
    },
  };
}

/** Number of bytes at the end that begin a character without completing it: 0 to 3. */
export function incompleteTail(bytes: Uint8Array): number {
  for (let length = 1; length <= Math.min(3, bytes.length); length++) {
    const lead = bytes[bytes.length - length]!;
    if (lead < 0x80) return 0;
    if (lead < 0xc0) continue;
    const second = length > 1 ? bytes[bytes.length - length + 1]! : undefined;
    return length < sequenceLength(lead, second) ? length : 0;
  }
  return 0;
}

/** Bytes of the character that begins so, or 0 when none does (overlong, a surrogate, beyond U+10FFFF). */
function sequenceLength(lead: number, second: number | undefined): number {
  const lowest = lead === 0xe0 ? 0xa0 : lead === 0xf0 ? 0x90 : 0x80;
  const highest = lead === 0xed ? 0x9f : lead === 0xf4 ? 0x8f : 0xbf;
  if (second !== undefined && (second < lowest || second > highest)) return 0;
  if (lead >= 0xc2 && lead <= 0xdf) return 2;
  if (lead >= 0xe0 && lead <= 0xef) return 3;
  return lead >= 0xf0 && lead <= 0xf4 ? 4 : 0;
}

const byteToken = /^<0x([0-9a-fA-F]{2})>$/;

/**
 * Reads tokens such as `<0x0A>` as bytes. A run of them is valid UTF-8 as a whole and gives that text, or it gives
 * U+FFFD for each byte; so a run is held back until it ends.
 */
export const byteFallbackDecoder: Decoder = {
  fuses: false,
  start() {
    let run: number[] = [];
    const flush = (emit: EmitToken): void => {
      if (run.length === 0) return;
      const bytes = Uint8Array.from(run);
      run = [];
      try {
        emit(strict.decode(bytes), false);
      } catch {
        for (const _ of bytes) emit("\ufffd", false);
      }
    };
    return {
      push(text, verbatim, emit) {
        const byte = byteToken.exec(text)?.[1];
        if (byte !== undefined) return void run.push(Number.parseInt(byte, 16));
        flush(emit);
        emit(text, verbatim);
      },
      end: flush,
    };
  },
};
