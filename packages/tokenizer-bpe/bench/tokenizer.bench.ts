/**
 * Encoding, decoding and training on real English (ATTUNE_TEST_DATA), beside @huggingface/tokenizers, the library of
 * the same job for JavaScript, with the same tokenizer.json; runs take turns. Nothing else should run on the machine.
 *
 * ATTUNE_TEST_DATA=DIR node scripts/bootstrap.mjs bench:packages tokenizer-bpe
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { createTokenizer } from "@attune/tokenizer-core";
import { Tokenizer as Peer } from "@huggingface/tokenizers";
import plugins, { trainBpe } from "../src/index.ts";

const data = process.env["ATTUNE_TEST_DATA"];
if (!data) throw new Error("Expected ATTUNE_TEST_DATA to name the folder of real texts.");
const text = readFileSync(join(data, "text/wikitext2_test.txt"), "utf8");
const lines = text.split(/(?<=\n)/);
const megabytes = Buffer.byteLength(text) / 1e6;
const rounds = 7;

const started = performance.now();
const document = await trainBpe(lines, { vocabularySize: 4096 });
console.log(`train 4096 tokens: ${(megabytes / ((performance.now() - started) / 1000)).toFixed(1)} MB/s`);

const ours = createTokenizer({ source: "trained", tokenizer: document }, plugins);
const peer = new Peer(document, {});
const { ids } = ours.encode(text);
const jobs: readonly (readonly [name: string, run: () => unknown])[] = [
  ["encode whole text", () => ours.encode(text)],
  ["encode line by line", () => lines.map((line) => ours.encode(line))],
  ["encode line by line, @huggingface/tokenizers", () => lines.map((line) => peer.encode(line))],
  ["decode", () => ours.decode(ids)],
];
const times = new Map<string, number[]>(jobs.map(([name]) => [name, []]));
for (let round = 0; round < rounds; round++) {
  for (const [name, run] of jobs) {
    const start = performance.now();
    run();
    times.get(name)!.push((performance.now() - start) / 1000);
  }
}
for (const [name, seconds] of times) {
  const speeds = seconds.map((time) => megabytes / time).sort((left, right) => left - right);
  const [low, middle, high] = [speeds[0]!, speeds[rounds >> 1]!, speeds.at(-1)!].map((speed) => speed.toFixed(1));
  console.log(`${name}: ${middle} MB/s (${low} to ${high})`);
}
