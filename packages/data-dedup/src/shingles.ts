/** What a shingle is made of: words, characters, or characters only for texts in scripts without spaces. */
export type ShingleUnit = "auto" | "word" | "character";

/** How texts are cut into shingles. */
export interface ShingleOptions {
  /** Words or characters. */
  readonly unit: ShingleUnit;
  /** How many of them make one shingle. */
  readonly size: number;
}

/** Folds what near-duplicates differ in: case, accents, numbers (to 0), punctuation and white space (to one space). */
function normaliseForShingles(text: string): string {
  const lower = text.toLowerCase();
  const plain = /[^\n\t\x20-\x7e]/.test(lower) ? lower.normalize("NFD").replace(/\p{M}+/gu, "") : lower;
  return plain
    .replace(/\p{N}+/gu, "0")
    .replace(/[^\p{L}\p{N}]+/gu, " ")
    .trim();
}

/**
 * Returns the set of shingle hashes of a text: 32 bits each, ascending, distinct. A text shorter than one shingle is one
 * shingle; a text without letters or digits has none.
 */
export function shingleHashes(text: string, { unit, size }: ShingleOptions): Uint32Array {
  const normal = normaliseForShingles(text);
  if (normal === "") return new Uint32Array(0);
  const pieces =
    unit === "character" || (unit === "auto" && isUnspaced(normal))
      ? [...normal.replaceAll(" ", "")]
      : normal.split(" ");
  const hashes = Uint32Array.from(pieces, hashString);
  const count = Math.max(1, hashes.length - size + 1);
  const shingles = new Uint32Array(count);
  for (let start = 0; start < count; start++) {
    let hash = 0;
    const end = Math.min(start + size, hashes.length);
    for (let i = start; i < end; i++) hash = mix(Math.imul(hash, 31) + hashes[i]!);
    shingles[start] = hash;
  }
  return distinct(shingles.sort());
}

/** Scripts whose words are not separated: Chinese, Japanese, Thai, Lao, Khmer, Burmese. */
function isUnspaced(text: string): boolean {
  const head = text.slice(0, 2000);
  const count =
    head.match(/[\p{sc=Han}\p{sc=Hiragana}\p{sc=Katakana}\p{sc=Thai}\p{sc=Lao}\p{sc=Khmer}\p{sc=Myanmar}]/gu)?.length ??
    0;
  return count * 2 > head.length;
}

/** FNV-1a over UTF-16 units. */
function hashString(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return hash >>> 0;
}

/** The finaliser of MurmurHash3: every bit of the input reaches every bit of the output. */
function mix(value: number): number {
  let hash = Math.imul(value ^ (value >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

function distinct(ascending: Uint32Array): Uint32Array {
  let used = 0;
  for (let i = 0; i < ascending.length; i++) {
    if (i === 0 || ascending[i] !== ascending[i - 1]) ascending[used++] = ascending[i]!;
  }
  return ascending.slice(0, used);
}
