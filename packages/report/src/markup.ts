/**
 * HTML that cannot be injected into: the only way to make Markup is the `html` tag, which escapes everything put into it
 * that is not itself Markup. Markup is recognised by a symbol, which no JSON value can carry.
 */
const content: unique symbol = Symbol("markup");

/** Text that is known to be well-formed HTML or SVG. */
export interface Markup {
  readonly [content]: string;
}

/** What may be put into a template; arrays are joined, undefined and false vanish. */
export type MarkupValue = Markup | string | number | undefined | false | readonly MarkupValue[];

const ENTITIES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

/** Control characters but tab and line ends, halves of surrogate pairs, and the two that are no characters. */
const FORBIDDEN = /(?![\t\n\r])\p{Cc}|\p{Cs}|[\ufffe\uffff]/gu;

/** Escapes text for element content and quoted attributes; characters that HTML forbids become U+FFFD. */
export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => ENTITIES[character]!).replace(FORBIDDEN, "\ufffd");
}

function isMarkup(value: unknown): value is Markup {
  return typeof value === "object" && value !== null && content in value;
}

function textOf(value: MarkupValue): string {
  if (value === undefined || value === false) return "";
  if (isMarkup(value)) return value[content];
  if (Array.isArray(value)) return value.map(textOf).join("");
  return escapeHtml(String(value));
}

/** Template tag: `html\`<b>${text}</b>\`` with the text escaped. */
export function html(strings: TemplateStringsArray, ...values: readonly MarkupValue[]): Markup {
  const pieces = strings.map((literal, index) => literal + (index < values.length ? textOf(values[index]) : ""));
  return { [content]: pieces.join("") };
}

/** The finished text. */
export const renderMarkup = (markup: Markup): string => markup[content];
