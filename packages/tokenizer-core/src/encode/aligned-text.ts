/**
 * Text that remembers where each of its UTF-16 units came from, through any number of rewritings.
 * Without a map, unit i stands for unit start + i of the input.
 */
export interface AlignedText {
  readonly text: string;
  /** Offset in the input of the first unit (with a map: only of an empty text). */
  readonly start: number;
  /** Start and end in the input of each unit, [units, 2] flattened; undefined while nothing was rewritten. */
  readonly map: Uint32Array | undefined;
}

/** A replacement of the units [from, to) by other text, whose units all come from [anchorFrom, anchorTo). */
export interface Edit {
  readonly from: number;
  readonly to: number;
  readonly text: string;
  readonly anchorFrom: number;
  readonly anchorTo: number;
}

/** Wraps a text that stands at an offset of the input. */
export function alignedText(text: string, start = 0): AlignedText {
  return { text, start, map: undefined };
}

/** Where in the input the unit at an index begins. */
export function sourceStart({ text, start, map }: AlignedText, index: number): number {
  if (!map) return start + index;
  if (index < text.length) return map[2 * index]!;
  return text.length > 0 ? map[2 * text.length - 1]! : start;
}

/** Where in the input the unit before an index ends. */
export function sourceEnd(aligned: AlignedText, index: number): number {
  if (!aligned.map) return aligned.start + index;
  return index > 0 ? aligned.map[2 * index - 1]! : sourceStart(aligned, 0);
}

/** Cuts out the units [from, to). */
export function sliceAligned(aligned: AlignedText, from: number, to: number): AlignedText {
  if (from === 0 && to === aligned.text.length) return aligned;
  return {
    text: aligned.text.slice(from, to),
    start: sourceStart(aligned, from),
    map: aligned.map?.subarray(2 * from, 2 * to),
  };
}

/** Applies replacements that follow one another without overlap. */
export function rewriteAligned(aligned: AlignedText, edits: readonly Edit[]): AlignedText {
  if (edits.length === 0) return aligned;
  const pieces: string[] = [];
  let position = 0;
  let length = aligned.text.length;
  for (const edit of edits) {
    pieces.push(aligned.text.slice(position, edit.from), edit.text);
    position = edit.to;
    length += edit.text.length - (edit.to - edit.from);
  }
  pieces.push(aligned.text.slice(position));
  return { text: pieces.join(""), start: aligned.start, map: mapOfEdits(aligned, edits, length) };
}

function mapOfEdits(aligned: AlignedText, edits: readonly Edit[], length: number): Uint32Array {
  const map = new Uint32Array(2 * length);
  let written = 0;
  const write = (start: number, end: number): void => {
    map[written++] = start;
    map[written++] = end;
  };
  const keep = (from: number, to: number): void => {
    for (let index = from; index < to; index++) write(sourceStart(aligned, index), sourceEnd(aligned, index + 1));
  };
  let position = 0;
  for (const { from, to, text, anchorFrom, anchorTo } of edits) {
    keep(position, from);
    const start = sourceStart(aligned, anchorFrom);
    const end = sourceEnd(aligned, anchorTo);
    for (let unit = 0; unit < text.length; unit++) write(start, end);
    position = to;
  }
  keep(position, aligned.text.length);
  return map;
}

/** Number of UTF-16 units of the code point at an index. */
export function codePointLength(text: string, index: number): number {
  return text.codePointAt(index)! > 0xffff ? 2 : 1;
}

/** Index at which the code point that ends before an index begins. */
export function previousCodePoint(text: string, index: number): number {
  return index > 1 && codePointLength(text, index - 2) === 2 ? index - 2 : index - 1;
}
