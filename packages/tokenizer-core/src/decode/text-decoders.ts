import { type FieldReader, integerField, textField } from "@attune/spec";
import { patternField } from "../pattern/pattern.ts";
import type { Decoder, DecodeStage } from "./decode-stage.ts";

const count = integerField({ minimum: 0 });

/** Joins all tokens into one text, which later decoders then see as such. */
export const fuseDecoder: Decoder = {
  fuses: true,
  start: () => ({ push: (text, verbatim, emit) => emit(text, verbatim), end: () => undefined }),
};

/** What stands between tokens when a file names no decoder: a space. */
export const spaceDecoder: Decoder = {
  fuses: true,
  start() {
    let first = true;
    return {
      push(text, verbatim, emit) {
        emit(first ? text : ` ${text}`, verbatim);
        first = false;
      },
      end: () => undefined,
    };
  },
};

/** Removes up to `start` copies of a character at the beginning and `stop` at the end of each token, or of the whole. */
export function stripDecoder(section: FieldReader): Decoder {
  const content = section.read("content", textField);
  const start = section.read("start", count, 0);
  const stop = section.read("stop", count, 0);
  const leading = (text: string, limit: number): number => {
    let count = 0;
    while (count < limit && content !== "" && text.startsWith(content, count * content.length)) count += 1;
    return count;
  };
  const trailing = (text: string): number => {
    let count = 0;
    const copy = content.length;
    while (count < stop && copy > 0 && text.slice(0, text.length - count * copy).endsWith(content)) count += 1;
    return count * copy;
  };
  return {
    fuses: false,
    start: (fused) => (fused ? stripWhole() : stripEach()),
  };

  function stripEach(): DecodeStage {
    return {
      push(text, verbatim, emit) {
        const rest = text.slice(leading(text, start) * content.length);
        emit(rest.slice(0, rest.length - trailing(rest)), verbatim);
      },
      end: () => undefined,
    };
  }

  function stripWhole(): DecodeStage {
    let left = start;
    let held = "";
    return {
      push(text, verbatim, emit) {
        if (text === "") return;
        const count = leading(text, left);
        const rest = held + text.slice(count * content.length);
        left = rest === "" ? left - count : 0;
        const keep = trailing(rest);
        held = rest.slice(rest.length - keep);
        if (rest.length > keep) emit(rest.slice(0, rest.length - keep), verbatim);
      },
      end: () => {
        held = "";
      },
    };
  }
}

/** Replaces each match of a pattern in each token; in a fused text, only where the text is complete. */
export function replaceDecoder(section: FieldReader): Decoder {
  const { pattern, literal } = patternField(section);
  const content = section.read("content", textField);
  const replace = (text: string): string => {
    let replaced = "";
    let position = 0;
    pattern(text, (from, to) => {
      replaced += text.slice(position, from) + content;
      position = to;
    });
    return replaced + text.slice(position);
  };
  return {
    fuses: false,
    start(fused) {
      if (!fused || literal?.length === 1) {
        return { push: (text, verbatim, emit) => emit(replace(text), verbatim), end: () => undefined };
      }
      // A longer pattern may match across parts of the fused text, so it waits for the end.
      let whole = "";
      return {
        push: (text) => {
          whole += text;
        },
        end: (emit) => {
          if (whole !== "") emit(replace(whole), false);
          whole = "";
        },
      };
    },
  };
}

/** Turns the suffix that marks the end of a word into a space, but for the last word. */
export function suffixDecoder(section: FieldReader): Decoder {
  const suffix = section.read("suffix", textField, "</w>");
  return {
    fuses: false,
    start() {
      let held: { text: string; verbatim: boolean } | undefined;
      return {
        push(text, verbatim, emit) {
          if (held) emit(held.text.replaceAll(suffix, " "), held.verbatim);
          held = { text, verbatim };
        },
        end(emit) {
          if (held) emit(held.text.replaceAll(suffix, ""), held.verbatim);
          held = undefined;
        },
      };
    },
  };
}
