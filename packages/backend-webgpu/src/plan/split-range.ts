// Ranges that are larger than the device binds at once, or that lie across buffers of one allocation, are bound as several variables.
// A shader goes on as if there were one: its accesses become calls that choose the variable by the index.
import { AttuneError } from "@attune/spec";

/** What a device binds at once, and how far apart the buffers of an allocation begin; both multiples of 256 bytes. */
export interface SplitLimits {
  readonly bindingBytes: number;
  readonly pieceBytes: number;
}

/** A part of a range that lies in one buffer and can be bound. */
export interface Segment {
  /** Number of the buffer in its allocation. */
  readonly piece: number;
  /** From the buffer's start. */
  readonly offset: number;
  readonly bytes: number;
}

/** The parts of a range, in order. */
export function segmentsOf(offset: number, bytes: number, { bindingBytes, pieceBytes }: SplitLimits): Segment[] {
  const segments: Segment[] = [];
  for (let start = offset; start < offset + bytes; ) {
    const piece = Math.floor(start / pieceBytes);
    const end = Math.min(offset + bytes, start + bindingBytes, (piece + 1) * pieceBytes);
    segments.push({ piece, offset: start - piece * pieceBytes, bytes: end - start });
    start = end;
  }
  return segments;
}

/** Bytes of the elements of arrays that kernels declare. */
const elementBytes: Readonly<Record<string, number>> = {
  f32: 4,
  i32: 4,
  u32: 4,
  vec2f: 8,
  vec4f: 16,
  vec4u: 16,
  "vec4<f32>": 16,
  "vec4<i32>": 16,
  "vec4<u32>": 16,
};

/** A variable in parts: their names, functions in its place, and the shader that calls these. */
export interface SplitVariable {
  readonly names: readonly string[];
  readonly functions: string;
  readonly wgsl: string;
}

/**
 * Puts several variables in place of one.
 *
 * @param type - `array<T>`
 * @throws AttuneError `INTERNAL` for a type or an assignment that kernels do not have
 */
export function splitVariable(
  wgsl: string,
  name: string,
  type: string,
  segments: readonly Segment[],
  writable: boolean,
): SplitVariable {
  const element = /^array<(.*)>$/.exec(type)?.[1] ?? "";
  const size = elementBytes[element];
  if (size === undefined) throw new AttuneError("INTERNAL", `A buffer of type ${type} cannot be bound in parts.`);
  const names = segments.map((_, index) => `${name}_part${index}`);
  const ends: number[] = [];
  for (const { bytes } of segments) ends.push((ends.at(-1) ?? 0) + bytes / size);
  const choose = (access: (place: string) => string): string =>
    names
      .map((variable, index) => {
        const chosen = access(`${variable}[${index === 0 ? "index" : `index - ${ends[index - 1]}u`}]`);
        return index === names.length - 1 ? chosen : `  if (index < ${ends[index]}u) {\n  ${chosen}  }\n`;
      })
      .join("");
  const functions = [
    `fn ${name}_read(index: u32) -> ${element} {\n${choose((place) => `  return ${place};\n`)}}\n`,
    writable
      ? `fn ${name}_write(index: u32, value: ${element}) {\n${choose((place) => `  ${place} = value;\n    return;\n`)}}\n`
      : "",
  ].join("");
  return { names, functions, wgsl: callsFor(wgsl, name) };
}

/** The shader with `name_read(i)` for `name[i]`, and `name_write(i, v)` for `name[i] = v`. */
function callsFor(wgsl: string, name: string): string {
  const access = new RegExp(`(?<![\\w.])${name}\\[`);
  let text = wgsl;
  for (let found = access.exec(text); found !== null; found = access.exec(text)) {
    const open = found.index + name.length;
    const close = closing(text, open);
    const index = text.slice(open + 1, close);
    const rest = text.slice(close + 1);
    const assignment = /^\s*=(?!=)/.exec(rest);
    if (/^\s*(\[[^\]]*\]\s*)?([-+*/%&|^]|<<|>>)=/.test(rest) || /^\s*\[[^\]]*\]\s*=(?!=)/.test(rest))
      throw new AttuneError("INTERNAL", `A shader assigns to ${name} in a way that cannot be bound in parts.`);
    if (assignment === null) text = `${text.slice(0, found.index)}${name}_read(${index})${rest}`;
    else {
      const end = rest.indexOf(";");
      const value = rest.slice(assignment[0].length, end).trim();
      text = `${text.slice(0, found.index)}${name}_write(${index}, ${value})${rest.slice(end)}`;
    }
  }
  return text;
}

function closing(text: string, open: number): number {
  let depth = 0;
  for (let index = open; index < text.length; index++) {
    if (text[index] === "[") depth++;
    if (text[index] === "]" && --depth === 0) return index;
  }
  throw new AttuneError("INTERNAL", "A shader has an index without its end.");
}
