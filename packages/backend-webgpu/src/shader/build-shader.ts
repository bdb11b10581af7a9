// A small preprocessor for WGSL files. Lines that start with # are its own:
//   #import name            the text of name.wgsl, once
//   #if flag … #else … #endif   the lines between, if the flag is set or not; may be nested
// Constants become `const` declarations in front, so that files are WGSL as they stand.
import { AttuneError } from "@attune/spec";
import { floatLiteral, integerLiteral } from "./literal.ts";
import { shaders } from "./shaders.generated.ts";

/** A constant of a shader. Numbers are u32; others say what they are. */
export type ShaderConstant = number | { readonly f32: number } | { readonly i32: number };

/** What a shader is built from. */
export interface ShaderParts {
  readonly constants?: Readonly<Record<string, ShaderConstant>>;
  readonly flags?: Readonly<Record<string, boolean>>;
  /** Declarations added at the end: generated functions that the file calls. */
  readonly declarations?: readonly string[];
}

/** The text of a shader file with constants, flags and imports put in. @throws AttuneError `INTERNAL` for a directive or name that is wrong */
export function buildShader(name: string, parts: ShaderParts = {}): string {
  return expandShader(textOf(name), parts);
}

/** As `buildShader`, from text. */
export function expandShader(text: string, { constants = {}, flags = {}, declarations = [] }: ShaderParts): string {
  const imported = new Set<string>();
  const body = expand(text, flags, imported);
  const own = declarations.length === 0 ? "" : expand(declarations.join("\n"), flags, imported);
  const head = Object.entries(constants).map(([name, value]) => `const ${name} = ${literalOf(value)};\n`);
  return [...head, body, own].join("");
}

function literalOf(value: ShaderConstant): string {
  if (typeof value === "number") return `${value}u`;
  return "f32" in value ? floatLiteral(value.f32) : integerLiteral(value.i32);
}

function textOf(name: string): string {
  const text = shaders[name];
  if (text === undefined) throw new AttuneError("INTERNAL", `There is no shader "${name}".`);
  return text;
}

function expand(text: string, flags: Readonly<Record<string, boolean>>, imported: Set<string>): string {
  const lines: string[] = [];
  const open: { taken: boolean; active: boolean }[] = [];
  for (const line of text.split("\n")) {
    const directive = /^\s*#(\w+)\s*(\S*)/.exec(line);
    const active = open.every((block) => block.active);
    if (directive === null) {
      if (active && line.trim() !== "") lines.push(line);
      continue;
    }
    const [, word, argument] = directive as unknown as [string, string, string];
    if (word === "if") {
      const value = argument.startsWith("!") ? !flagOf(argument.slice(1), flags) : flagOf(argument, flags);
      open.push({ taken: value, active: value });
    } else if (word === "else" && open.length > 0) {
      const block = open.at(-1)!;
      block.active = !block.taken;
    } else if (word === "endif" && open.length > 0) open.pop();
    else if (word === "import") {
      if (!active || imported.has(argument)) continue;
      imported.add(argument);
      lines.push(expand(textOf(argument), flags, imported));
    } else throw new AttuneError("INTERNAL", `A shader has a line that the preprocessor does not know: ${line.trim()}`);
  }
  if (open.length > 0) throw new AttuneError("INTERNAL", "A shader has an #if without its #endif.");
  return lines.length === 0 ? "" : `${lines.join("\n")}\n`;
}

function flagOf(name: string, flags: Readonly<Record<string, boolean>>): boolean {
  const value = flags[name];
  if (value === undefined)
    throw new AttuneError("INTERNAL", `A shader asks for the flag "${name}", which was not given.`);
  return value;
}
