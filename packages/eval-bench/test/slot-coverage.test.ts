import { describe, expect, it } from "vitest";
import { e2eLexicon, parseMeaningRepresentation, realisedSlots } from "../src/index.ts";

const said = (text: string, meaning: string): boolean[] =>
  realisedSlots(text, parseMeaningRepresentation(meaning), e2eLexicon);

describe("parseMeaningRepresentation", () => {
  it("reads slots in order", () => {
    expect(parseMeaningRepresentation("name[The Eagle], customer rating[5 out of 5], near[Café Rouge]")).toEqual([
      { slot: "name", value: "The Eagle" },
      { slot: "customer rating", value: "5 out of 5" },
      { slot: "near", value: "Café Rouge" },
    ]);
  });
  it.each(["", "name", "name[x", "name[x] food[y]", "[x]", "name[a[b]]"])("refuses %j", (text) => {
    expect(() => parseMeaningRepresentation(text)).toThrow(/Expected/);
  });
  it("is linear on hostile input", () => {
    expect(() => parseMeaningRepresentation(" ".repeat(50_000))).toThrow(/Expected/);
  });
});

describe("realisedSlots", () => {
  it("ignores case, accents and hyphens and respects word boundaries", () => {
    expect(said("the EAGLE, near cafe rouge", "name[The Eagle], near[Café Rouge]")).toEqual([true, true]);
    expect(said("The Eagles", "name[The Eagle]")).toEqual([false]);
  });
  it("wants a cue where a word alone says too little", () => {
    expect(said("It has low prices.", "customer rating[low], priceRange[cheap]")).toEqual([false, true]);
    expect(said("It is rated low.", "customer rating[low], priceRange[cheap]")).toEqual([true, false]);
  });
  it("tells a value from its negation", () => {
    const yes = "It is a kid-friendly pub.";
    const no = "It is not family friendly.";
    expect([said(yes, "familyFriendly[yes]"), said(no, "familyFriendly[yes]")]).toEqual([[true], [false]]);
    expect([said(yes, "familyFriendly[no]"), said(no, "familyFriendly[no]")]).toEqual([[false], [true]]);
  });
  it("takes a value without a lexicon as its own phrase", () => {
    expect(
      realisedSlots("Serves thai food", [
        { slot: "food", value: "Thai" },
        { slot: "toString", value: "x" },
      ]),
    ).toEqual([true, false]);
  });
});
