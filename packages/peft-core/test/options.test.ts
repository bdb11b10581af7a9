import { describe, expect, it } from "vitest";
import { readOptions } from "../src/index.ts";

const reader = (options: unknown, file?: string) => readOptions(options, { what: "the method x", file });

describe("readOptions", () => {
  it("gives values, fallbacks for what is absent or null, and keys that nobody read", () => {
    const options = reader({
      rank: 4,
      rate: 0.5,
      on: true,
      kind: "b",
      names: ["x"],
      layers: 3,
      patterns: { q: 2 },
      extra: null,
    });
    expect(options.integer("rank", { minimum: 1 })).toBe(4);
    expect(options.number("rate", { above: 0, below: 1 })).toBe(0.5);
    expect(options.boolean("on", false)).toBe(true);
    expect(options.choice("kind", ["a", "b"], "a")).toBe("b");
    expect(options.texts("names")).toEqual(["x"]);
    expect(options.integers("layers")).toEqual([3]);
    expect(options.numbers("patterns", {})).toEqual({ q: 2 });
    expect(options.unread()).toEqual(["extra"]);
    expect(options.integer("extra", { minimum: 1 }, 7)).toBe(7);
    expect(options.text("absent", "y")).toBe("y");
    expect(options.textOrTexts("absent")).toBeUndefined();
    expect(() => options.finish()).not.toThrow();
  });

  it.each<[string, string, (options: ReturnType<typeof reader>) => unknown]>([
    ["a fraction", "half", (options) => options.integer("half", { minimum: 0 })],
    ["a number out of bounds", "half", (options) => options.number("half", { minimum: 1 })],
    ["the bound itself", "half", (options) => options.number("half", { below: 0.5 })],
    ["a word that is not a choice", "word", (options) => options.choice("word", ["a", "b"])],
    ["a word for a flag", "word", (options) => options.boolean("word", true)],
    ["a number in a list of words", "mixed", (options) => options.texts("mixed")],
    ["a list for numbers by name", "mixed", (options) => options.numbers("mixed", {})],
    ["a negative layer", "negative", (options) => options.integers("negative")],
    ["nothing", "absent", (options) => options.text("absent")],
  ])("refuses %s, naming the key", (_, key, read) => {
    const options = reader({ half: 0.5, word: "c", mixed: ["a", 1], negative: [-1] });
    expect(() => read(options)).toThrow(
      expect.objectContaining({
        code: "OPTIONS_INVALID",
        details: { key },
        message: expect.stringContaining(`expected "${key}" to be`),
      }),
    );
  });

  it("says which key was meant, and reports files as such", () => {
    const misspelt = reader({ dropuot: 0.1 });
    misspelt.number("dropout", {}, 0);
    misspelt.integer("rank", {}, 1);
    expect(() => misspelt.finish()).toThrow(
      expect.objectContaining({ code: "CONFIG_UNKNOWN_KEY", hint: 'Did you mean "dropout"?' }),
    );
    const alias = reader({ r: 8 });
    alias.integer("rank", {}, 1);
    expect(() => alias.finish({ r: "rank" })).toThrow(expect.objectContaining({ hint: 'Did you mean "rank"?' }));
    const strange = reader({ somethingElse: 8 });
    strange.integer("rank", {}, 1);
    expect(() => strange.finish()).toThrow(expect.objectContaining({ hint: "Known: rank." }));
    expect(() => reader({ r: "8" }, "adapter_config.json").integer("r", {})).toThrow(
      expect.objectContaining({ code: "FILE_CORRUPT", details: { file: "adapter_config.json", key: "r" } }),
    );
    expect(() => reader("rank=8")).toThrow(/object of options/);
  });
});
