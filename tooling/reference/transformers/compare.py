"""Runs `attune tokenize`, `score` and `generate` on a checkpoint folder and compares them with Transformers.

Run: python tooling/reference/transformers/compare.py --model DIR [--adapter DIR] [--text FILE]
     [--node node_modules/.bin/node] [--rows 6] [--length 48] [--max-new-tokens 32]
Rows of random ids (fixed seed) are always scored and continued; with a tokenizer also texts (lines of FILE, or a few
built-in ones), messages when there is a chat template, and beam search and a repetition penalty. Prints one JSON
document and exits 1 where a log-probability is off by more than --tolerance per token, a count or greedy flag is not
the same, or a generation differs at a step whose margin is not a tie.
"""

import argparse
import json
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path

import torch
from generate import generate
from oracle import encode, end_ids, load_model, load_tokenizer, versions
from score import score

texts = ["The committee met on Tuesday, 14 March 2023, and agreed to postpone the vote.", "def add(a, b):\n    return a + b\n",
         "Prix : 1 234,50 € — «déjà vu» 😀 naïve coöperation", "  two spaces\tand a tab\n\n\nthree newlines", "Don't you'll we've I'M"]
questions = [[{"role": "user", "content": "Name three rivers."}],
             [{"role": "system", "content": "Answer briefly."}, {"role": "user", "content": "What is 12 + 30?"},
              {"role": "assistant", "content": "42"}, {"role": "user", "content": "And minus 2?"}]]


class Attune:
    """The command under test, in one process that takes command lines as lines of JSON: `commands.ts` beside this file."""

    def __init__(self, node: str) -> None:
        script = Path(__file__).with_name("commands.ts")
        self.process = subprocess.Popen([*shlex.split(node), "--conditions=@attune/source", str(script)], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, text=True)

    def use(self, model: str, adapter: str | None) -> None:
        self.model, self.adapter = model, ["--adapter", adapter] if adapter else []

    def run(self, arguments: list) -> dict:
        self.process.stdin.write(json.dumps(arguments) + "\n")
        self.process.stdin.flush()
        finished = json.loads(self.process.stdout.readline())
        if finished["code"] != 0:
            raise SystemExit(f"{' '.join(arguments[:1])} ended with code {finished['code']}: {finished['stderr'].strip()}")
        return json.loads(finished["stdout"])

    def rows(self, verb: str, rows: list, *options: str) -> dict:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "rows.jsonl")
            path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
            return self.run([verb, "--model", self.model, *self.adapter, "--input", str(path), *options, "--json"])

    def tokenize(self, text: str, *options: str) -> list:
        return self.convert(text, *options)["ids"]

    def detokenize(self, ids: list) -> str:
        return self.convert(json.dumps({"ids": ids}), "--decode")["text"]

    def convert(self, text: str, *options: str) -> dict:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "text.txt")
            path.write_text(text, encoding="utf-8", newline="")
            return self.run(["tokenize", "--tokenizer", self.model, "--input", str(path), *options, "--json"])


def id_rows(vocabulary: int, count: int, length: int) -> list:
    generator = torch.Generator().manual_seed(1)
    rows = []
    for index in range(count):
        size = max(2, length - 7 * index)
        ids = torch.randint(0, vocabulary, (size,), generator=generator).tolist()
        cut = max(1, size * 2 // 3)
        rows.append({"prompt_ids": ids[:cut], "completion_ids": ids[cut:]})
    return rows


def text_rows(lines: list) -> list:
    return [{"prompt": line[: len(line) // 2], "completion": line[len(line) // 2 :]} for line in lines]


def compare_scores(ours: dict, theirs: list) -> dict:
    off = [abs(left["logprob"] - right["logprob"]) / max(1, right["tokens"]) for left, right in zip(ours["rows"], theirs, strict=True)]
    return {"rows": len(theirs), "greatest_difference_per_token": max(off, default=0.0),
            "greatest_difference": max((abs(l["logprob"] - r["logprob"]) for l, r in zip(ours["rows"], theirs, strict=True)), default=0.0),
            "token_counts_equal": all(l["tokens"] == r["tokens"] for l, r in zip(ours["rows"], theirs, strict=True)),
            "greedy_equal": all(l["greedy"] == r["greedy"] for l, r in zip(ours["rows"], theirs, strict=True)), "seconds": ours["seconds"]}


def compare_generations(ours: dict, theirs: list) -> dict:
    differences = []
    for left, right in zip(ours["rows"], theirs, strict=True):
        same_text = not right["text"] or left["text"] == right["text"]
        if left["ids"] == right["ids"] and left["finish"] == right["finish"] and same_text:
            continue
        pairs = list(zip(left["ids"], right["ids"], strict=False))
        step = next((index for index, (a, b) in enumerate(pairs) if a != b), len(pairs))
        margins = right.get("margins", [])
        differences.append({"index": right["index"], "step": step, "margin": margins[step] if step < len(margins) else None,
                            "ours": left, "theirs": {key: right[key] for key in ("text", "ids", "finish")}})
    return {"rows": len(theirs), "equal": len(theirs) - len(differences), "differences": differences,
            "tokens_per_second": ours["tokens_per_second"]}


def failures(report: dict, tolerance: float) -> list:
    found = []
    for name, part in report["score"].items():
        if part["greatest_difference_per_token"] > tolerance or not part["token_counts_equal"] or not part["greedy_equal"]:
            found.append(f"score {name}")
    for name, part in report["generate"].items():
        found += [f"generate {name} row {entry['index']}" for entry in part["differences"] if entry["margin"] is None or entry["margin"] > 1e-3]
    return found + [f"tokenize {name}" for name, equal in report["tokenize"].items() if not equal]


def compare(folder: str, attune: Attune, options: argparse.Namespace) -> dict:
    """Everything that the options ask for on one checkpoint; `failures` lists what is not the same."""
    attune.use(folder, options.adapter)
    model, tokenizer = load_model(folder, options.adapter), load_tokenizer(folder)
    ends, lines = end_ids(folder, model), texts
    if options.text:
        lines = [line for line in Path(options.text).read_text(encoding="utf-8").splitlines() if len(line) > 40][: options.rows]

    scored = {"ids": id_rows(model.config.vocab_size, options.rows, options.length)}
    continued = {"ids": [{"prompt_ids": row["prompt_ids"]} for row in scored["ids"]]}
    tokenized = {}
    if tokenizer:
        scored["text"] = text_rows(lines)
        continued["text"] = [{"prompt": row["prompt"]} for row in scored["text"]]
        whole = "\n".join(lines)
        ids = attune.tokenize(whole)
        tokenized = {"ids": ids == encode(tokenizer, whole), "with special tokens": attune.tokenize(whole, "--add-special-tokens") == tokenizer(whole).input_ids,
                     "back": attune.detokenize(ids) == tokenizer.decode(ids, clean_up_tokenization_spaces=False)}
        if tokenizer.chat_template:
            continued["messages"] = [{"messages": messages} for messages in questions]
    report = {"model": folder, "adapter": options.adapter, "versions": versions("tokenizers"), "tokenize": tokenized,
              "score": {name: compare_scores(attune.rows("score", rows), score(model, tokenizer, rows)) for name, rows in scored.items()},
              "generate": {}}
    ways = {"greedy": ({}, ["--greedy"]), "beams": ({"num_beams": 3}, ["--num-beams", "3"]),
            "penalty": ({"repetition_penalty": 1.3}, ["--greedy", "--repetition-penalty", "1.3"])}
    length = ["--max-new-tokens", str(options.max_new_tokens)]
    for name, rows in continued.items():
        for way, (settings, flags) in ways.items():
            theirs = generate(model, tokenizer, rows, ends, settings | {"max_new_tokens": options.max_new_tokens})
            report["generate"][f"{name} {way}"] = compare_generations(attune.rows("generate", rows, *length, *flags), theirs)
    return {**report, "failures": failures(report, options.tolerance)}


def parse_options(about: str, *required: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=about, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in required:
        parser.add_argument(name, required=True)
    parser.add_argument("--adapter")
    parser.add_argument("--text")
    parser.add_argument("--node", default="node_modules/.bin/node")
    parser.add_argument("--rows", type=int, default=6)
    parser.add_argument("--length", type=int, default=48)
    parser.add_argument("--max-new-tokens", type=int, default=32)
    parser.add_argument("--tolerance", type=float, default=1e-4)
    return parser.parse_args()


def main() -> None:
    torch.set_num_threads(1)
    options = parse_options(__doc__, "--model")
    report = compare(options.model, Attune(options.node), options)
    print(json.dumps(report, indent=2))
    sys.exit(1 if report["failures"] else 0)


if __name__ == "__main__":
    main()
