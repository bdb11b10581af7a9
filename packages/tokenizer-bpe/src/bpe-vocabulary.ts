import { anyListField, type FieldReader, type JsonValue, textField } from "@attune/spec";

import { PairTable } from "./pair-table.ts";

/** Ids and ranks stay below this, so that a rank and a position fit in one exact number. */
const largestVocabulary = 2 ** 21;

/** A checked vocabulary with its merges. */
export interface BpeVocabulary {
  readonly idOf: ReadonlyMap<string, number>;
  readonly tokenOf: ReadonlyMap<number, string>;
  /** One more than the largest id. */
  readonly size: number;
  /** Rank of the merge of two ids. */
  readonly ranks: PairTable;
  /** Id that the merge of each rank gives. */
  readonly results: Int32Array;
}

/**
 * Reads `vocab` and `merges` of a model section. Throws `FILE_CORRUPT` for ids that are taken twice or out of range and
 * for merges of or into tokens that the vocabulary does not hold.
 */
export function readBpeVocabulary(section: FieldReader): BpeVocabulary {
  const { idOf, tokenOf } = readTokens(section.object("vocab"));
  let size = 0;
  for (const id of tokenOf.keys()) size = Math.max(size, id + 1);
  const merges = section.read("merges", anyListField);
  if (merges.length >= largestVocabulary) {
    throw section.error("merges", `expected fewer than ${largestVocabulary} merges, but found ${merges.length}.`);
  }
  const prefix = section.read("continuing_subword_prefix", textField, "");
  const ranks = new PairTable(merges.length);
  const results = new Int32Array(merges.length);
  for (let rank = 0; rank < merges.length; rank++) {
    const merge = merges[rank]!;
    const parts = partsOf(merge);
    if (!parts) throw section.refusal(`merges[${rank}]`, "two tokens", merge);
    const merged = parts[0] + (prefix === "" ? parts[1] : parts[1].slice(prefix.length));
    const [left, right, result] = [idOf.get(parts[0]), idOf.get(parts[1]), idOf.get(merged)];
    if (left === undefined || right === undefined || result === undefined) {
      const missing = left === undefined ? parts[0] : right === undefined ? parts[1] : merged;
      throw section.error(
        `merges[${rank}]`,
        `the token ${JSON.stringify(missing)} of merges[${rank}] is not in the vocabulary.`,
      );
    }
    ranks.set(left, right, rank);
    results[rank] = result;
  }
  return { idOf, tokenOf, size, ranks, results };
}

function readTokens(section: FieldReader): Pick<BpeVocabulary, "idOf" | "tokenOf"> {
  const idOf = new Map<string, number>();
  const tokenOf = new Map<number, string>();
  for (const [token, id] of Object.entries(section.fields)) {
    if (typeof id !== "number" || !Number.isInteger(id) || id < 0 || id >= largestVocabulary) {
      throw section.error(
        token,
        `expected an id from 0 to ${largestVocabulary - 1} for ${JSON.stringify(token)}, but found ${JSON.stringify(id)}.`,
      );
    }
    const holder = tokenOf.get(id);
    if (holder !== undefined) {
      throw section.error(
        token,
        `the tokens ${JSON.stringify(holder)} and ${JSON.stringify(token)} both have the id ${id}.`,
      );
    }
    idOf.set(token, id);
    tokenOf.set(id, token);
  }
  return { idOf, tokenOf };
}

/** A merge is `"left right"`, or in newer files `["left", "right"]`, where tokens may hold spaces. */
function partsOf(merge: JsonValue): readonly [string, string] | undefined {
  if (typeof merge === "string") {
    const space = merge.indexOf(" ");
    const isPair = space > 0 && space < merge.length - 1 && !merge.includes(" ", space + 1);
    return isPair ? [merge.slice(0, space), merge.slice(space + 1)] : undefined;
  }
  if (!Array.isArray(merge) || merge.length !== 2) return undefined;
  const [left, right] = merge as readonly JsonValue[];
  return typeof left === "string" && typeof right === "string" && left !== "" && right !== ""
    ? [left, right]
    : undefined;
}
