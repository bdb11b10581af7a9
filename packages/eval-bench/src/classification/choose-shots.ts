import { AttuneError } from "@attune/spec";
import { checkInteger } from "../check.ts";
import { hashText } from "../statistics/random.ts";

interface ShotCandidate {
  readonly id: string;
  readonly label: string;
  readonly group?: string | undefined;
}

/**
 * Chooses `count` shots from the training part alone: labels take turns in the order given, the order inside a label is
 * a hash of seed and id, so the choice depends on nothing else. Throws DATA_LEAK when a training example shares an id or
 * a group with an evaluated document, and DATA_EMPTY when a label runs out.
 */
export function chooseShots<Example extends ShotCandidate>(
  train: readonly Example[],
  evaluated: readonly { readonly id: string; readonly group?: string | undefined }[],
  options: { readonly labels: readonly string[]; readonly count: number; readonly seed?: number },
): Example[] {
  const { labels, count, seed = 0 } = options;
  checkInteger("count", count, 0);
  const ids = new Set(evaluated.map(({ id }) => id));
  const groups = new Set(evaluated.flatMap(({ group }) => (group === undefined ? [] : [group])));
  const queues = labels.map((label) => {
    const own = train.filter((example) => example.label === label);
    const keyed = own.map((example) => ({ example, key: hashText(example.id, seed) }));
    keyed.sort((a, b) => a.key - b.key || (a.example.id < b.example.id ? -1 : 1));
    return keyed.map(({ example }) => example);
  });
  return Array.from({ length: count }, (_, index) => {
    const turn = index % labels.length;
    const shot = queues[turn]![Math.floor(index / labels.length)];
    if (shot === undefined) {
      throw new AttuneError("DATA_EMPTY", `Label "${labels[turn]}" has too few training examples for ${count} shots.`);
    }
    if (ids.has(shot.id) || (shot.group !== undefined && groups.has(shot.group))) {
      throw new AttuneError(
        "DATA_LEAK",
        `Shot ${shot.id} is one of the evaluated documents or shares a group with one.`,
        {
          hint: "Take shots from a training part that shares no group with the evaluated part.",
        },
      );
    }
    return shot;
  });
}
