/**
 * Signs that are put around the content of messages before a template is rendered, so that the rendered text shows
 * where each content went. They are private-use characters that stand nowhere else in what is rendered.
 */
export interface ChatMarkers {
  /** Puts the signs of a message around a text, inside of its white space, which templates like to trim. */
  mark(text: string, message: number): string;
  /** The signs around what a template declares as generated. */
  readonly generation: { readonly open: string; readonly close: string };
  /** Takes all signs out of a rendered text and says where they stood. */
  strip(marked: string): StrippedText;
}

/** A text without signs, and where they stood in it. */
export interface StrippedText {
  readonly text: string;
  /** Places by message; -1 collects the signs of generated parts. */
  readonly places: ReadonlyMap<number, MarkedPlaces>;
}

/** Where the opening and closing signs of one message stood. */
interface MarkedPlaces {
  readonly opens: number[];
  readonly closes: number[];
}

const firstPrivate = 0xe000;
const lastPrivate = 0xf8ff;
const signs = 12;

/** Makes markers of characters that do not stand in the given text; undefined when there are no such characters. */
export function createChatMarkers(surroundings: string): ChatMarkers | undefined {
  for (let base = firstPrivate; base + signs <= lastPrivate; base += signs) {
    const characters = Array.from({ length: signs }, (_, index) => String.fromCharCode(base + index));
    if (!characters.some((character) => surroundings.includes(character))) return markersOf(characters);
  }
  return undefined;
}

/** Ten characters are the digits of the message's number; two say whether it opens or closes. */
function markersOf(characters: readonly string[]): ChatMarkers {
  const [open, close] = [characters[10]!, characters[11]!];
  const digits = (message: number): string => [...String(message)].map((digit) => characters[Number(digit)]!).join("");
  const sign = (kind: string, message: number): string => kind + digits(message) + kind;
  const anySign = new RegExp(`([${open}${close}])([${characters[0]}-${characters[9]}]*)\\1`, "gu");
  const numberOf = (text: string): number =>
    text === "" ? -1 : Number([...text].map((character) => characters.indexOf(character)).join(""));
  return {
    generation: { open: open + open, close: close + close },
    mark(text, message) {
      const content = /^(\s*)([\s\S]*?)(\s*)$/u.exec(text)!;
      if (content[2] === "") return text;
      return `${content[1]}${sign(open, message)}${content[2]}${sign(close, message)}${content[3]}`;
    },
    strip(marked) {
      const places = new Map<number, MarkedPlaces>();
      let text = "";
      let position = 0;
      for (const match of marked.matchAll(anySign)) {
        text += marked.slice(position, match.index);
        position = match.index + match[0].length;
        const message = numberOf(match[2]!);
        const entry = places.get(message) ?? { opens: [], closes: [] };
        places.set(message, entry);
        (match[1] === open ? entry.opens : entry.closes).push(text.length);
      }
      return { text: text + marked.slice(position), places };
    },
  };
}

/**
 * Turns the tags `{% generation %}` of a template into blocks that print the signs. The tags become `if` blocks that
 * always hold, so white space around them is treated as before.
 */
export function markGenerationTags(template: string, { generation }: ChatMarkers): string {
  return template.replace(
    /\{%([-+]?)\s*(end)?generation\s*([-+]?)%\}/g,
    (_, before: string, end: string, after: string) => {
      const sign = end ? generation.close : generation.open;
      return `{%${before} if true %}{{ "${sign}" }}{% endif ${after}%}`;
    },
  );
}
