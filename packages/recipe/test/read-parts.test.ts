import { recordsSource } from "@attune/data-core";
import type { TextRecord } from "@attune/spec";
import { describe, expect, it } from "vitest";
import { readParts } from "../src/data/read-parts.ts";

/** A sender of many hams, two of few, spams without a sender, and a held-out row. */
const records: TextRecord[] = [
  ...Array.from({ length: 30 }, (_, index) => row(`list ${index}`, "ham", "list")),
  ...Array.from({ length: 3 }, (_, index) => row(`ann ${index}`, "ham", "ann")),
  row("bob 0", "ham", "bob"),
  ...Array.from({ length: 12 }, (_, index) => row(`spam ${index}`, "spam")),
  ...Array.from({ length: 9 }, (_, index) => row(`held ${index}`, "ham", "list", "test")),
];

function row(id: string, label: string, sender?: string, split = "train"): TextRecord {
  return { id, text: id, label, source: "test", metadata: { split, ...(sender === undefined ? {} : { sender }) } };
}

const none = { train: null, trainPerLabel: null, trainPerGroup: null, validation: null, test: null };
type Limits = Parameters<typeof readParts>[1]["limits"];
const partsOf = (limits: Partial<Limits>, seed = 1, groupBy: string | null = null) =>
  readParts(recordsSource(records, "records"), { limits: { ...none, ...limits }, groupBy }, seed);
const drawn = async (limits: Partial<Limits>, seed = 1): Promise<string[]> => {
  const { train, test } = await partsOf(limits, seed);
  expect(test).toHaveLength(9);
  return train.map(({ id }) => id);
};
const count = (ids: readonly string[], prefix: string): number => ids.filter((id) => id.startsWith(prefix)).length;

describe("limits of the training part", () => {
  it("take few of a large group, and every record that says no group", async () => {
    const ids = await drawn({ trainPerGroup: { by: "sender", count: 2 } });
    expect(["list", "ann", "bob", "spam"].map((prefix) => count(ids, prefix))).toEqual([2, 2, 1, 12]);
    expect(ids).toEqual(records.map(({ id }) => id).filter((id) => ids.includes(id)));
    expect(await drawn({ trainPerGroup: { by: "sender", count: 2 } }, 2)).not.toEqual(ids);
  });

  it("then few of a label, then few of all", async () => {
    const perLabel = await drawn({ trainPerGroup: { by: "sender", count: 2 }, trainPerLabel: 4 });
    expect([count(perLabel, "spam"), perLabel.length]).toEqual([4, 8]);
    expect(await drawn({ trainPerGroup: { by: "sender", count: 2 }, trainPerLabel: 4, train: 5 })).toHaveLength(5);
  });

  it("leave baselines the groups and labels whole", async () => {
    const limits = { trainPerGroup: { by: "sender", count: 2 }, trainPerLabel: 4 };
    expect((await partsOf(limits)).wholeTrain).toHaveLength(46);
    expect((await partsOf({ ...limits, train: 20 })).wholeTrain).toHaveLength(20);
  });

  it("refuse a name that no record has, which would leave every record in a group of its own", async () => {
    const message =
      'Expected "customer" of data.limits.trainPerGroup.by in the metadata of some record, but there are only';
    await expect(drawn({ trainPerGroup: { by: "customer", count: 2 } })).rejects.toMatchObject({
      code: "OPTIONS_INVALID",
      message: expect.stringContaining(message),
      hint: expect.stringContaining("keep: [customer]"),
    });
    await expect(partsOf({}, 1, "customer")).rejects.toMatchObject({
      message: expect.stringContaining('"customer" of data.groupBy'),
    });
    await expect(partsOf({}, 1, "cluster")).resolves.toBeDefined();
  });
});
