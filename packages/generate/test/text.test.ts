import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createGenerator, createStopFilter, encodePrompt, generateText, streamText } from "../src/index.ts";
import { letterTokenizer } from "./support/letter-tokenizer.ts";
import { tinyModel } from "./support/tiny-model.ts";

const { runtime, model } = await tinyModel();
const tokenizer = letterTokenizer();
const options = { maxNewTokens: 12, stopIds: [] };

describe("generateText", () => {
  it("decodes answers, hands out pieces, and cuts at a stop text", async () => {
    const generator = createGenerator(runtime, model);
    const pieces = ["", ""];
    const onText = (row: number, text: string): void => {
      pieces[row] += text;
    };
    const answers = await generateText(generator, tokenizer, ["Dear", [1, 40, 41]], { ...options, onText });
    expect(answers.map(({ text }) => text)).toEqual(pieces);
    expect(answers[0]!.text).toBe(tokenizer.decode(answers[0]!.ids));
    const stop = answers[0]!.text.slice(4, 6);
    const [cut] = await generateText(generator, tokenizer, ["Dear"], { ...options, stopTexts: ["never said", stop] });
    expect(cut).toMatchObject({ text: answers[0]!.text.slice(0, answers[0]!.text.indexOf(stop)), finish: "stop" });
    generator.dispose();
  });

  it("ends a row where its reader says so, and refuses what it does not know", async () => {
    const generator = createGenerator(runtime, model);
    const [whole] = await generateText(generator, tokenizer, ["Dear"], options);
    let heard = "";
    const [ended] = await generateText(generator, tokenizer, ["Dear"], {
      ...options,
      onText: (_row, text) => {
        heard += text;
        return heard.length >= 4;
      },
    });
    expect(ended).toMatchObject({ text: heard, finish: "stop" });
    expect(heard.length).toBeLessThan(whole!.text.length);
    const wrong = { ...options, stopText: ["a"] };
    await expect(generateText(generator, tokenizer, ["Dear"], wrong)).rejects.toMatchObject({
      code: "CONFIG_UNKNOWN_KEY",
      hint: 'Did you mean "stopTexts"?',
    });
    const one = "Dear" as unknown as string[];
    await expect(generateText(generator, tokenizer, one, options)).rejects.toThrow(
      'Expected a list of prompts, but received "Dear".',
    );
    generator.dispose();
  });

  it("streams the same text, and ends when its reader leaves or its signal aborts", async () => {
    const generator = createGenerator(runtime, model);
    const [whole] = await generateText(generator, tokenizer, ["Dear"], options);
    let streamed = "";
    const stream = streamText(generator, tokenizer, "Dear", options);
    let step = await stream.next();
    for (; !step.done; step = await stream.next()) streamed += step.value;
    expect(streamed).toBe(whole!.text);
    expect(step.value).toEqual(whole);
    for await (const piece of streamText(generator, tokenizer, "Dear", { ...options, maxNewTokens: 100 })) {
      expect(whole!.text.startsWith(piece)).toBe(true);
      break;
    }
    const aborted = streamText(generator, tokenizer, "Dear", { ...options, signal: AbortSignal.abort() });
    await expect(aborted.next()).rejects.toMatchObject({ code: "ABORTED" });
    await expect(streamText(generator, tokenizer, [], options).next()).rejects.toMatchObject({ code: "INPUT_INVALID" });
    generator.dispose();
  });
});

describe("encodePrompt", () => {
  it("puts one beginning-of-text token in front, where the tokenizer adds one", () => {
    expect(encodePrompt(tokenizer, "!")).toEqual([1, 4]);
    expect(encodePrompt(letterTokenizer({ addsBos: false }), "!")).toEqual([4]);
    expect(encodePrompt(tokenizer, "")).toEqual([1]);
  });
});

describe("createStopFilter", () => {
  it("passes on everything before the first stop text, however the text is cut", () => {
    const text = fc.string({ unit: fc.constantFrom("a", "b", "c"), maxLength: 30 });
    const stops = fc.array(fc.string({ unit: fc.constantFrom("a", "b", "c"), minLength: 1, maxLength: 4 }), {
      maxLength: 3,
    });
    fc.assert(
      fc.property(text, stops, fc.array(fc.nat(4), { maxLength: 40 }), (whole, texts, sizes) => {
        const filter = createStopFilter(texts);
        let shown = "";
        let rest = whole;
        for (const size of [...sizes, whole.length]) {
          shown += filter.push(rest.slice(0, size));
          rest = rest.slice(size);
        }
        shown += filter.end();
        const ends = texts.map((stop) => whole.indexOf(stop)).filter((index) => index >= 0);
        expect(filter.stopped).toBe(ends.length > 0);
        if (ends.length === 0) expect(shown).toBe(whole);
        else {
          expect(whole.startsWith(shown)).toBe(true);
          expect(texts.some((stop) => shown.includes(stop))).toBe(false);
        }
      }),
    );
  });
});
