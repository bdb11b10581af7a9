/** Finds any of many texts in a text: the leftmost match, and of those the longest; then goes on after it. */
export interface TokenTrie {
  /** Reports each match with the value that belongs to it. */
  find(text: string, report: (value: number, from: number, to: number) => void): void;
}

interface TrieNode {
  value: number;
  readonly next: Map<number, TrieNode>;
}

/** Makes a trie of texts and the value of each. Empty texts are never found. */
export function createTokenTrie(entries: Iterable<readonly [text: string, value: number]>): TokenTrie {
  const root: TrieNode = { value: -1, next: new Map() };
  // One look-up by first unit passes over nearly all of a text.
  const begins = new Uint8Array(65_536);
  for (const [text, value] of entries) {
    if (text === "") continue;
    begins[text.charCodeAt(0)] = 1;
    insert(root, text, value);
  }
  return {
    find(text, report) {
      if (root.next.size === 0) return;
      for (let from = 0; from < text.length; ) {
        const to = begins[text.charCodeAt(from)] === 0 ? from : longestMatch(root, text, from, report);
        from = Math.max(to, from + 1);
      }
    },
  };
}

function insert(root: TrieNode, text: string, value: number): void {
  let node = root;
  for (let index = 0; index < text.length; index++) {
    const unit = text.charCodeAt(index);
    let next = node.next.get(unit);
    if (!next) {
      next = { value: -1, next: new Map() };
      node.next.set(unit, next);
    }
    node = next;
  }
  node.value = value;
}

/** Reports the longest match that begins here and returns its end, or the beginning when there is none. */
function longestMatch(
  root: TrieNode,
  text: string,
  from: number,
  report: (value: number, from: number, to: number) => void,
): number {
  let node: TrieNode | undefined = root;
  let value = -1;
  let to = from;
  for (let index = from; index < text.length; index++) {
    node = node.next.get(text.charCodeAt(index));
    if (!node) break;
    if (node.value >= 0) {
      value = node.value;
      to = index + 1;
    }
  }
  if (value >= 0) report(value, from, to);
  return to;
}
