import type { Encoding, Tokenizer } from "@attune/spec";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  type Batch,
  checkExamples,
  collateRows,
  createExampleSource,
  examplesOfEpoch,
  ignoredLabel,
  type LongRows,
  lossTerms,
  packRows,
  type TrainingExample,
  tokenizeSegments,
  trainedTokenBound,
} from "../src/index.ts";
import { tinyExamples } from "./tiny-run.ts";

/** Words and single spaces are tokens; ids follow first use. */
function wordTokenizer(options: { addsBos?: boolean; merge?: string } = {}): Tokenizer {
  const ids = new Map<string, number>(["<s>", "</s>", "<pad>"].map((token, index) => [token, index]));
  const encode = (text: string): Encoding => {
    const pattern = options.merge ? new RegExp(`${options.merge}|[a-z]+|[^a-z]`, "g") : /[a-z]+|[^a-z]/g;
    const found = [...text.matchAll(pattern)];
    for (const [token] of found) if (!ids.has(token)) ids.set(token, ids.size);
    return {
      ids: Uint32Array.from(found, ([token]) => ids.get(token)!),
      offsets: Uint32Array.from(found.flatMap(({ 0: token, index }) => [index, index + token.length])),
    };
  };
  return {
    id: "words",
    vocabularySize: 1000,
    encode,
    addsBos: options.addsBos ?? false,
    specialTokens: { bos: 0, eos: 1, pad: 2 },
  } as unknown as Tokenizer;
}

describe("tokenizeSegments", () => {
  const prompt = { text: "is this junk?", trained: false };

  it("trains the completion and an end, in one pass", () => {
    const row = tokenizeSegments("a", [prompt, { text: " yes", trained: true }], wordTokenizer({ addsBos: true }));
    const trained = [...row.labels].map((label) => label !== ignoredLabel);
    expect(row.ids[0]).toBe(0);
    expect(row.ids.at(-1)).toBe(1);
    expect(trained).toEqual([...new Array<boolean>(row.ids.length - 3).fill(false), true, true, true]);
    expect(row.ids.length).toBe(1 + 6 + 2 + 1);
  });

  it("refuses a token that covers the end of the prompt, naming the row", () => {
    const merging = wordTokenizer({ merge: "\\? yes" });
    expect(() => tokenizeSegments("row 7", [prompt, { text: " yes", trained: true }], merging)).toThrow(
      /row 7.*no prefix/,
    );
  });

  it("refuses a prompt whose tokens alone are no prefix of the row's, though no token covers its end", () => {
    // As GPT-2's expression does: a run of white space is one token, but for its last character in front of a word.
    const tokenizer = wordTokenizer();
    const encode = (text: string): Encoding => {
      const found = [...text.matchAll(/[a-z?]+|\s+(?!\S)|\s/g)];
      return {
        ids: Uint32Array.from(found, ([token]) => 3 + token.length * 100 + (token.codePointAt(0) ?? 0)),
        offsets: Uint32Array.from(found.flatMap(({ 0: token, index }) => [index, index + token.length])),
      };
    };
    const spacing = { ...tokenizer, encode } as unknown as Tokenizer;
    const row = (prompt: string, answer: string) =>
      tokenizeSegments(
        "row 9",
        [
          { text: prompt, trained: false, role: "prompt" },
          { text: answer, trained: true },
        ],
        spacing,
      );
    expect(row("is it?", "\n\nso").ids).toHaveLength(7);
    expect(() => row("is it?\n\n", "so")).toThrow(/row 9.*alone has other tokens/);
  });

  it("refuses turns without an end where ends are wanted", () => {
    const tokenizer = { ...wordTokenizer(), specialIds: new Set([1]), decode: () => "yes" } as unknown as Tokenizer;
    const turns = [prompt, { text: " yes", trained: true }, { text: " and?", trained: false }];
    expect(() => tokenizeSegments("row 3", turns, tokenizer, { addEos: false, requireEnds: true })).toThrow(
      /row 3.*"yes".*not learn to stop/,
    );
    const encode = tokenizer.encode;
    const ended = {
      ...tokenizer,
      // Every " " is the end token.
      encode: (text: string) => {
        const made = encode(text);
        return { ...made, ids: made.ids.map((id, index) => (text[made.offsets[2 * index]!] === " " ? 1 : id)) };
      },
    } as unknown as Tokenizer;
    const closed = [prompt, { text: " yes ", trained: true }, { text: "and?", trained: false }];
    expect(tokenizeSegments("row 4", closed, ended, { addEos: false, requireEnds: true }).labels.at(-3)).toBe(1);
  });

  it("refuses a second BOS", () => {
    const tokenizer = wordTokenizer({ addsBos: true });
    const encode = tokenizer.encode;
    const doubled = {
      ...tokenizer,
      encode: (text: string) => ({
        ids: Uint32Array.from([5, 0, ...encode(text).ids]),
        offsets: Uint32Array.from([0, 0, 0, 0, ...encode(text).offsets]),
      }),
    };
    expect(() => tokenizeSegments("x", [{ text: "a", trained: true }], doubled as unknown as Tokenizer)).toThrow(/BOS/);
  });
});

describe("checkExamples", () => {
  const tokenizer = { specialTokens: { eos: 1, pad: 2 }, vocabularySize: 100 };
  const row = (ids: number[], labels = ids) => ({
    id: "r",
    ids: Int32Array.from(ids),
    labels: Int32Array.from(labels),
  });
  const masked = row([3, 4, 5], [ignoredLabel, ignoredLabel, ignoredLabel]);

  it("drops fully masked rows with a count, and refuses when all are", () => {
    const { examples, counts } = checkExamples([masked, row([3, 4, 5])], { contextLength: 8, tokenizer });
    expect(examples).toHaveLength(1);
    expect(counts).toMatchObject({ kept: 1, maskedOut: 1, trainedTokens: 2 });
    expect(() => checkExamples([masked], { contextLength: 8, tokenizer })).toThrow(/All 1 rows/);
  });

  it("drops or cuts rows that are too long, as it is told, with a count; documents stay whole", () => {
    const long = { ...row([3, 4, 5, 6, 7], [ignoredLabel, 4, 5, 6, 7]), id: "long" };
    const book = { ...row([3, 4, 5, 6, 7, 8]), splits: true };
    const late = { ...row([3, 4, 5, 6, 7], [...Array(4).fill(ignoredLabel), 7]), id: "late" };
    const check = (longRows: LongRows, rows: TrainingExample[]) =>
      checkExamples(rows, { contextLength: 4, tokenizer, longRows });
    const dropped = check("drop", [row([3, 4]), long, book]);
    expect(dropped.examples.map(({ ids }) => ids.length)).toEqual([2, 6]);
    expect(dropped.counts).toMatchObject({ kept: 2, tokens: 8, long: { dropped: 1, cut: 0 } });
    const cut = check("cut", [long, book, late]);
    expect(cut.examples.map(({ ids, labels }) => [[...ids], [...labels]])).toEqual([
      [
        [3, 4, 5, 6],
        [ignoredLabel, 4, 5, 6],
      ],
      [[...book.ids], [...book.labels]],
    ]);
    // What "late" trains lay in the part that was cut off.
    expect(cut.counts).toMatchObject({ kept: 2, maskedOut: 1, long: { dropped: 0, cut: 2 } });
    expect(long.ids).toHaveLength(5);
    expect(() => check("drop", [long, late])).toThrow(
      /"long" has 5 tokens; the context holds 4\. 2 of 2 rows are too long/,
    );
    expect(() => check("error", [row([3]), long])).toThrow(/"long" has 5 tokens; the context holds 4\.$/);
    expect(() => check("error", [long])).toThrow(expect.objectContaining({ hint: expect.stringMatching(/^longRows/) }));
    const longRowsHint = "Take it out.";
    expect(() => checkExamples([long], { contextLength: 4, tokenizer, longRowsHint })).toThrow(
      expect.objectContaining({ hint: longRowsHint }),
    );
  });

  it.each([
    ["no rows", [], /no rows/],
    ["a long row", [row([3, 4, 5, 6, 7])], /5 tokens; the context holds 4/],
    ["an id outside the vocabulary", [row([3, 100])], /token 1 is 100/],
    ["a label that is not its token", [row([3, 4], [3, 5])], /label 1 is 5/],
    ["PAD as the end", [row([3, 2])], /padding token/],
  ])("refuses %s", (_, examples, message) => {
    expect(() => checkExamples(examples, { contextLength: 4, tokenizer })).toThrow(message);
  });
});

describe("packRows", () => {
  it("packs as TRL's published example, splitting what does not fit", () => {
    const rows = packRows([5, 2, 3, 1], 4);
    expect(rows.map((row) => row.map(({ example, start, length }) => [example, start, length]))).toEqual([
      [[0, 0, 4]],
      [
        [2, 0, 3],
        [0, 4, 1],
      ],
      [
        [1, 0, 2],
        [3, 0, 1],
      ],
    ]);
  });

  it("places every token once and never overfills", () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 1, max: 100 }), { maxLength: 60 }),
        fc.integer({ min: 1, max: 70 }),
        (lengths, block) => {
          const seen = lengths.map((length) => new Array<number>(length).fill(0));
          for (const row of packRows(lengths, block)) {
            expect(row.reduce((sum, { length }) => sum + length, 0)).toBeLessThanOrEqual(block);
            for (const { example, start, length } of row)
              for (let index = start; index < start + length; index++) seen[example]![index]!++;
          }
          expect(seen.flat().every((count) => count === 1)).toBe(true);
        },
      ),
    );
  });
});

/** The documents of a batch, each as its ids with commas between. */
function documentsOf(inputs: Batch["inputs"], blockLength: number): string[] {
  const found = new Map<string, number[]>();
  inputs["ids"]!.forEach((id, index) => {
    const document = inputs["documents"]![index]!;
    if (document < 0) return;
    const key = `${Math.floor(index / blockLength)} ${document}`;
    found.set(key, [...(found.get(key) ?? []), id]);
  });
  return [...found.values()].map((ids) => ids.join());
}

describe("batches", () => {
  it("restart positions and keep targets inside their document", () => {
    const examples = [
      { id: "a", ids: Int32Array.of(7, 8, 9), labels: Int32Array.of(7, 8, 9) },
      { id: "b", ids: Int32Array.of(4, 5), labels: Int32Array.of(ignoredLabel, 5) },
    ];
    const rows = [
      [
        { example: 0, start: 0, length: 3 },
        { example: 1, start: 0, length: 2 },
      ],
    ];
    const { inputs, tokens, trainedTokens } = collateRows(rows, examples, { rows: 1, blockLength: 6, padId: 2 });
    const none = ignoredLabel;
    expect([...inputs["ids"]!]).toEqual([7, 8, 9, 4, 5, 2]);
    expect([...inputs["positions"]!]).toEqual([0, 1, 2, 0, 1, 0]);
    expect([...inputs["documents"]!]).toEqual([0, 0, 0, 1, 1, -1]);
    expect([...inputs["targets"]!]).toEqual([8, 9, none, 5, none, none]);
    expect([tokens, trainedTokens]).toEqual([5, 3]);
  });

  it("name the term of the loss that each target counts towards", () => {
    const none = ignoredLabel;
    const examples = [
      { id: "a", ids: Int32Array.of(7, 8, 9), labels: Int32Array.of(none, none, 9) },
      { id: "b", ids: Int32Array.of(4, 5), labels: Int32Array.of(4, 5), replay: true },
    ];
    const rows = [
      [
        { example: 0, start: 0, length: 3 },
        { example: 1, start: 0, length: 2 },
      ],
    ];
    const shape = { rows: 1, blockLength: 5, padId: 2, terms: lossTerms({ prompt: 0.1, replay: 1 }) };
    const { inputs, trainedTokens, termTokens } = collateRows(rows, examples, shape);
    expect([...inputs["targets"]!]).toEqual([8, 9, none, 5, none]);
    expect([...inputs["counts.prompt"]!]).toEqual([1, 0, 0, 0, 0]);
    expect([...inputs["counts.loss"]!]).toEqual([0, 1, 0, 0, 0]);
    expect([...inputs["counts.replay"]!]).toEqual([0, 0, 0, 1, 0]);
    expect([trainedTokens, termTokens]).toEqual([3, { loss: 1, prompt: 1, replay: 1 }]);
    const dense = collateRows(rows, examples, { ...shape, headRows: 3 });
    expect([...dense.inputs["headRows"]!]).toEqual([0, 1, 3]);
    expect([...dense.inputs["counts.replay"]!]).toEqual([0, 0, 1]);
    expect(lossTerms()).toEqual(["loss"]);
    expect(collateRows(rows, examples, { rows: 1, blockLength: 5, padId: 2 }).inputs).not.toHaveProperty("counts.loss");
  });

  it("follow from seed and epoch, cover every row, mix replay in by its share, and go on from a state", async () => {
    const options = {
      examples: tinyExamples(30),
      replay: { examples: tinyExamples(4, 0, 8), share: 0.25 },
      rows: 2,
      blockLength: 48,
      padId: 0,
      seed: 1,
    };
    const [source, again] = [createExampleSource(options), createExampleSource(options)];
    const batches = [];
    for (let index = 0; index < source.batchesPerEpoch!; index++) batches.push(await source.next());
    const left = batches.flatMap(({ inputs }) => documentsOf(inputs, options.blockLength));
    expect(batches.reduce((sum, { tokens }) => sum + tokens, 0)).toBe(left.join().split(",").length);
    for (const { ids } of options.examples) left.splice(left.indexOf(ids.join()), 1);
    // What is left are ten rows of replay, a quarter of forty: of the four that there are, each two or three times.
    const times = options.replay.examples.map(({ ids }) => left.filter((row) => row === ids.join()).length);
    expect(times.toSorted((a, b) => a - b)).toEqual([2, 2, 3, 3]);
    expect(left).toHaveLength(10);
    const state = source.state();
    const next = await source.next();
    again.restore(state);
    expect(await again.next()).toEqual(next);
    expect(() => again.restore("nonsense")).toThrow(/data cursor/);
  });

  it("never hold more trained tokens than the bound", async () => {
    const examples = tinyExamples(60, 9);
    const shape = { rows: 2, blockLength: 40 };
    const bound = trainedTokenBound(examples, shape);
    const source = createExampleSource({ examples, ...shape, padId: 0, seed: 4, headRows: bound });
    let most = 0;
    for (let index = 0; index < 40; index++) most = Math.max(most, (await source.next()).trainedTokens);
    expect(most).toBeLessThanOrEqual(bound);
    // The bound is of use: below all tokens of a batch, and not twice what comes.
    expect(bound).toBeLessThan(shape.rows * shape.blockLength);
    expect(most).toBeGreaterThan(bound / 2);
  });

  it("never hold more trained tokens than the bound of an epoch in which replay rows come several times", async () => {
    const ids = Int32Array.from({ length: 10 }, (_, index) => index);
    const scarce = Array.from({ length: 30 }, (_, index) => {
      const labels = new Int32Array(10).fill(ignoredLabel);
      labels[9] = 9;
      return { id: `task ${index}`, ids, labels };
    });
    const replay = { examples: [{ id: "replay", ids, labels: ids }], share: 0.25 };
    const shape = { rows: 2, blockLength: 20 };
    const all = examplesOfEpoch({ examples: scarce, replay });
    expect(all.filter(({ id }) => id === "replay")).toHaveLength(10);
    const bound = trainedTokenBound(all, shape);
    let most = 0;
    for (let seed = 0; seed < 20; seed++) {
      const source = createExampleSource({ examples: scarce, replay, ...shape, padId: 0, seed, headRows: bound });
      for (let batch = 0; batch < source.batchesPerEpoch!; batch++) {
        most = Math.max(most, (await source.next()).trainedTokens);
      }
    }
    // More than one copy of the replay row came into one batch, which a bound over distinct rows does not allow for.
    expect(most).toBeGreaterThan(trainedTokenBound([...scarce, ...replay.examples], shape));
    expect(most).toBeLessThanOrEqual(bound);
  });
});
