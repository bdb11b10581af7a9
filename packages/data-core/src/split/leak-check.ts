import type { TextRecord } from "@attune/spec";
import { createHashIndex } from "../spill/hash-index.ts";
import { type SplitPart, splitParts } from "./assign-parts.ts";
import { groupKeysOf } from "./group-keys.ts";

/** Counts what is in more than one part, from records as they are and knowing nothing of how they were assigned. */
export interface LeakCheck {
  /** Takes a record and the part that it is in. */
  visit(record: TextRecord, part: SplitPart): void;
  /** Texts and group keys that came again in another part than at first. */
  count(): number;
}

/** Makes a check over texts and the keys under these names in metadata; holds 12 to 24 bytes a key. */
export function createLeakCheck(groupBy: readonly string[]): LeakCheck {
  const partOfKey = createHashIndex();
  let leaks = 0;
  return {
    visit(record, part) {
      const number = splitParts.indexOf(part);
      for (const { hash } of groupKeysOf(record, groupBy)) {
        const first = partOfKey.getOrAdd(hash, number);
        if (first !== undefined && first !== number) leaks += 1;
      }
    },
    count: () => leaks,
  };
}
