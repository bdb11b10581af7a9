// Python's `text.strip(characters)` and its one-sided forms take characters to strip; the engine's methods leave that argument
// out of account and strip white space. Templates of reasoning models use them: `content.split("</think>")[-1].lstrip("\n")`.
import type { Template } from "@huggingface/jinja";

const sides: ReadonlyMap<string, { readonly left: boolean; readonly right: boolean }> = new Map([
  ["strip", { left: true, right: true }],
  ["lstrip", { left: true, right: false }],
  ["rstrip", { left: false, right: true }],
]);

/** A name that no template can write, so that it hides none of its variables. */
const functionName = (method: string): string => `${method} characters`;

/** What templates that went through `callStripFunctions` need among their variables. */
export const stripFunctions: Readonly<Record<string, (text: string, characters: string | undefined | null) => string>> =
  Object.fromEntries(
    [...sides].map(([method, side]) => [
      functionName(method),
      (text: string, characters: string | undefined | null) => stripCharacters(text, characters, side),
    ]),
  );

/** Replaces calls of the three methods with an argument by calls of functions, in the parsed template itself. */
export function callStripFunctions({ parsed }: Template): void {
  visit(parsed);
}

/** The shape that the engine gives nodes; those of its classes that matter here are plain data. */
interface Node {
  type?: string;
  callee?: Node;
  args?: unknown[];
  object?: unknown;
  property?: Node;
  computed?: boolean;
  value?: unknown;
}

function visit(value: unknown): void {
  if (typeof value !== "object" || value === null) return;
  for (const inner of Object.values(value)) visit(inner);
  const node = value as Node;
  const method = node.callee?.property?.value;
  if (node.type !== "CallExpression" || node.callee?.type !== "MemberExpression" || node.callee.computed) return;
  if (typeof method !== "string" || !sides.has(method) || node.args?.length !== 1) return;
  node.args = [node.callee.object, ...node.args];
  node.callee = { type: "Identifier", value: functionName(method) };
}

function stripCharacters(
  text: string,
  characters: string | undefined | null,
  { left, right }: { readonly left: boolean; readonly right: boolean },
): string {
  const points = Array.from(text);
  const strips = (point: string): boolean =>
    characters == null ? /\p{White_Space}/u.test(point) : characters.includes(point);
  const first = left ? points.findIndex((point) => !strips(point)) : 0;
  if (first === -1) return "";
  return points.slice(first, right ? points.findLastIndex((point) => !strips(point)) + 1 : undefined).join("");
}
