import { describe, expect, it } from "vitest";
import {
  anyListField,
  booleanField,
  choiceField,
  type FieldReader,
  filledTextField,
  integerField,
  listField,
  nullableField,
  numberField,
  oneOrMoreField,
  readFields,
  recordField,
  textField,
} from "../src/index.ts";

const optionsOf = (options: unknown): FieldReader => readFields(options, { what: "the method x" });

describe("readFields", () => {
  it("gives values, fallbacks for what is absent or null, and keys that nobody read", () => {
    const options = optionsOf({
      rank: 4,
      rate: 0.5,
      on: true,
      kind: "b",
      names: ["x"],
      layers: 3,
      patterns: { q: 2 },
      extra: null,
    });
    expect(options.read("rank", integerField({ minimum: 1 }))).toBe(4);
    expect(options.read("rate", numberField({ above: 0, below: 1 }))).toBe(0.5);
    expect(options.read("on", booleanField, false)).toBe(true);
    expect(options.read("kind", choiceField(["a", "b"]), "a")).toBe("b");
    expect(options.optional("names", listField(textField))).toEqual(["x"]);
    expect(options.read("names", anyListField)).toEqual(["x"]);
    expect(options.read("layers", oneOrMoreField(integerField()))).toBe(3);
    expect(options.read("names", oneOrMoreField(textField))).toEqual(["x"]);
    expect(options.read("patterns", recordField(numberField()))).toEqual({ q: 2 });
    expect(options.unread()).toEqual(["extra"]);
    expect(options.read("extra", integerField({ minimum: 1 }), 7)).toBe(7);
    expect(options.read("absent", textField, "y")).toBe("y");
    expect(options.optional("absent", textField)).toBeUndefined();
    expect(options.has("constructor")).toBe(false);
    expect(() => options.finish()).not.toThrow();
  });

  it.each<[string, string, string, (options: FieldReader) => unknown]>([
    ["a fraction", "half", "a whole number from 0", (options) => options.read("half", integerField({ minimum: 0 }))],
    [
      "a number out of bounds",
      "half",
      "a number from 1 to 2",
      (options) => options.read("half", numberField({ minimum: 1, maximum: 2 })),
    ],
    [
      "the lower bound itself",
      "half",
      "a number above 0.5 and up to 1",
      (options) => options.read("half", numberField({ above: 0.5, maximum: 1 })),
    ],
    [
      "the upper bound itself",
      "half",
      "a number below 0.5",
      (options) => options.read("half", numberField({ below: 0.5 })),
    ],
    [
      "a word that is not a choice",
      "word",
      'one of "a", "b"',
      (options) => options.read("word", choiceField(["a", "b"])),
    ],
    ["a word for a flag", "word", "true or false", (options) => options.read("word", booleanField, true)],
    ["an empty text", "empty", "a text that is not empty", (options) => options.read("empty", filledTextField)],
    [
      "a number in a list of words",
      "mixed",
      "a list of values, each a text",
      (options) => options.optional("mixed", listField(textField)),
    ],
    [
      "a list of another length",
      "mixed",
      "a list of 3 values, each a text",
      (options) => options.read("mixed", listField(textField, { length: 3 })),
    ],
    [
      "a value twice",
      "twice",
      "a list of distinct values, each a text",
      (options) => options.read("twice", listField(textField, { distinct: true })),
    ],
    [
      "a list for an object",
      "mixed",
      "an object whose values are each a number",
      (options) => options.read("mixed", recordField(numberField())),
    ],
    [
      "a word for a number or nothing",
      "word",
      "a number, or null",
      (options) => options.read("word", nullableField(numberField())),
    ],
    [
      "a negative layer",
      "negative",
      "a whole number from 0, or a list of such",
      (options) => options.optional("negative", oneOrMoreField(integerField({ minimum: 0 }))),
    ],
    ["a text for an object", "word", "an object", (options) => options.object("word")],
    ["an object for a list", "half", "a list", (options) => options.objects("half")],
  ])("refuses %s, naming the key", (_, key, expected, read) => {
    const options = optionsOf({ half: 0.5, word: "c", empty: "", mixed: ["a", 1], twice: ["a", "a"], negative: [-1] });
    expect(() => read(options)).toThrow(
      expect.objectContaining({
        code: "OPTIONS_INVALID",
        details: { key },
        message: expect.stringContaining(`The method x: expected "${key}" to be ${expected}, but received `),
      }),
    );
  });

  it("says which key is missing, and which was meant", () => {
    expect(() => optionsOf(undefined).read("rank", integerField())).toThrow(
      'The method x: expected "rank" to be a whole number, but it is missing.',
    );
    const misspelt = optionsOf({ dropuot: 0.1 });
    misspelt.read("dropout", numberField(), 0);
    expect(() => misspelt.finish()).toThrow(
      expect.objectContaining({
        code: "CONFIG_UNKNOWN_KEY",
        message: 'The key "dropuot" is none of the options of the method x: dropout.',
        hint: 'Did you mean "dropout"?',
        details: { key: "dropuot", known: ["dropout"] },
      }),
    );
    const alias = optionsOf({ r: 8 });
    alias.read("rank", integerField(), 1);
    expect(() => alias.finish({ r: "rank" })).toThrow(expect.objectContaining({ hint: 'Did you mean "rank"?' }));
    expect(() => optionsOf({ strange: 8 }).finish()).toThrow('"strange" is none of the options of the method x');
    expect(() => optionsOf("rank=8")).toThrow('The method x: expected an object, but received "rank=8".');
  });

  it("says of a file where a field stands, however deep, and that the file is wrong", () => {
    const file = readFields({ a: { list: [{ size: 1 }, { size: "2" }] } }, { file: "x.json", line: 3 });
    const [first, second] = file.object("a").objects("list");
    expect(first!.read("size", integerField())).toBe(1);
    expect(second!.where).toBe("x.json:3: a.list[1]");
    expect(() => second!.read("size", integerField())).toThrow(
      expect.objectContaining({
        code: "FILE_CORRUPT",
        message: 'x.json:3: expected "a.list[1].size" to be a whole number, but received "2".',
        hint: "The file is damaged or of another kind; fetch or write it again.",
        details: { file: "x.json", line: 3, key: "a.list[1].size" },
      }),
    );
    expect(second!.error("size", "it is odd.")).toMatchObject({ message: "x.json:3: a.list[1]: it is odd." });
    expect(second!.unsupported("size", "no twos.", "Use ones.")).toMatchObject({
      code: "FILE_UNSUPPORTED",
      hint: "Use ones.",
      details: { key: "a.list[1].size" },
    });
    expect(file.optionalObject("b")).toBeUndefined();
    expect(() => readFields(null, { file: "x.json" })).toThrow("x.json: expected an object, but received null.");
    expect(() => file.finish()).not.toThrow();
    expect(() => first!.finish()).not.toThrow();
  });
});
