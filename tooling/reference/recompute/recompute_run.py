"""Computes the numbers of a classification run again, from the predictions in its folder and nothing of Attune's.

    python3 tooling/reference/recompute/recompute_run.py attune-demo

Reads eval/*.jsonl (log-probabilities of the label words, and the right label), the decision rule in eval/*.json, and
data/split/records.jsonl. Checks that
- the judged documents are exactly the test part, their labels those of the data, and no group lies in two parts;
- every prediction follows from its log-probabilities by the rule, and the rule from the validation part;
- accuracy, F1, recall, precision, their Wilson intervals, accuracy without lists, perplexities, their ratio, the majority
  class and McNemar's exact test are what eval/*.json and --result (the JSON document that `attune demo --json` prints) say.
Ends with code 1 where a number differs by more than 1e-9 relative (fitted rules: 1e-3). Python's standard library only.
"""
import argparse
import json
import math
import sys
from collections import Counter
from pathlib import Path

differences = []


def same(what, ours, theirs, tolerance=1e-9):
    good = abs(ours - theirs) <= tolerance * max(1.0, abs(ours))
    print(f"{'ok  ' if good else 'DIFF'} {what}: {ours:.6f}" + ("" if good else f", the run says {theirs:.6f}"))
    if not good:
        differences.append(what)


def holds(what, good):
    print(f"{'ok  ' if good else 'DIFF'} {what}")
    if not good:
        differences.append(what)


def lines(path):
    return [json.loads(line) for line in path.read_text(encoding="utf8").splitlines()]


def wilson(hits, n, z=1.959963984540054):
    share = hits / n
    middle = (share + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    return middle - half, middle + half


def decide(row, rule):
    scores = [rule["scale"] * row["logprobs"][label] + bias for label, bias in zip(rule["labels"], rule["bias"])]
    return rule["labels"][scores.index(max(scores))]


def calibration_loss(rows, labels, scale, bias):
    """Mean negative log-likelihood, with the penalty that the fitted rule documents."""
    loss = 1e-3 * (math.log(scale) ** 2 + sum(b * b for b in bias)) / 2
    for row in rows:
        scores = [scale * row["logprobs"][label] + b for label, b in zip(labels, bias)]
        top = max(scores)
        loss += (top + math.log(sum(math.exp(s - top) for s in scores)) - scores[labels.index(row["label"])]) / len(rows)
    return loss


def check_calibration(name, rows, rule):
    """No step from the fitted scale and biases lowers the loss on the validation part."""
    best = calibration_loss(rows, rule["labels"], rule["scale"], rule["bias"])
    around = []
    for step in (-1e-2, 1e-2):
        around.append(calibration_loss(rows, rule["labels"], rule["scale"] * math.exp(step), rule["bias"]))
        for index in range(len(rule["bias"])):
            moved = [b + (step if i == index else 0) for i, b in enumerate(rule["bias"])]
            around.append(calibration_loss(rows, rule["labels"], rule["scale"], moved))
    holds(f"{name}: the rule is the best one on the validation part", best <= min(around))


def classification(name, rows, summary):
    rule = summary["scoring"]["settings"]
    positive = rule["positive"]
    holds(f"{name}: predictions follow from log-probabilities", all(decide(r, rule) == r["prediction"] for r in rows))
    right = [r["prediction"] == r["label"] for r in rows]
    scores = summary["scores"]
    same(f"{name}: accuracy", sum(right) / len(rows), scores["accuracy"]["value"])
    low, high = wilson(sum(right), len(rows))
    same(f"{name}: accuracy, lower end", low, scores["accuracy"]["low"])
    same(f"{name}: accuracy, upper end", high, scores["accuracy"]["high"])
    hits = sum(r["prediction"] == positive == r["label"] for r in rows)
    said = sum(r["prediction"] == positive for r in rows)
    there = sum(r["label"] == positive for r in rows)
    same(f"{name}: F1 of {positive}", 2 * hits / (said + there), scores["f1"]["value"])
    same(f"{name}: recall", hits / there, scores["recall"]["value"])
    if said > 0:
        same(f"{name}: precision", hits / said, scores["precision"]["value"])
    direct = [r for r in rows if r.get("list") is False]
    if summary.get("withoutLists") and direct:
        theirs = summary["withoutLists"]["scores"]["accuracy"]["value"]
        same(f"{name}: accuracy, not from lists", sum(r["prediction"] == r["label"] for r in direct) / len(direct), theirs)
    return right


def mcnemar(before, after):
    """Exact two-sided test on the cases that changed."""
    gained = sum(a and not b for b, a in zip(before, after))
    lost = sum(b and not a for b, a in zip(before, after))
    n, least = gained + lost, min(gained, lost)
    tail = sum(math.comb(n, k) for k in range(least + 1)) / 2**n
    print(f"     after against before: {gained} gained, {lost} lost")
    return min(1.0, 2 * tail)


def perplexity(rows):
    return math.exp(-math.fsum(r["logprob"] for r in rows) / sum(r["tokens"] for r in rows))


def components(records, names):
    """Connected components of records that share a value of any of the names."""
    parent = list(range(len(records)))

    def root(index):
        while parent[index] != index:
            parent[index] = parent[parent[index]]
            index = parent[index]
        return index

    first = {}
    for index, record in enumerate(records):
        for name in names:
            values = record.get("metadata", {}).get(name)
            for value in values if isinstance(values, list) else [values]:
                if value not in (None, ""):
                    parent[root(index)] = root(first.setdefault((name, value), index))
    return [root(index) for index in range(len(records))]


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("folder", type=Path)
    arguments.add_argument("--result", type=Path)
    options = arguments.parse_args()
    folder = options.folder
    evaluation = lambda name: (lines(folder / f"eval/{name}.jsonl"), json.loads((folder / f"eval/{name}.json").read_text()))

    records = lines(folder / "data/split/records.jsonl")
    part = lambda record: record["metadata"]["split"]
    parts = {}
    for root, record in zip(components(records, ["cluster", "thread", "sender"]), records):
        parts.setdefault(root, set()).add(part(record))
    holds("no group lies in two parts", all(len(found) == 1 for found in parts.values()))
    test = {r["id"]: r["label"] for r in records if part(r) == "test"}
    labels = Counter(r["label"] for r in records if part(r) == "train")
    right = {}
    for name in ("majority", "text", "base", "adapted"):
        rows, summary = evaluation(name)
        holds(f"{name}: judged the test part, all of it, once", {r["id"]: r["label"] for r in rows} == test and len(rows) == len(test))
        right[name] = classification(name, rows, summary)
        if (folder / f"eval/{name}-validation.jsonl").exists():
            held = lines(folder / f"eval/{name}-validation.jsonl")
            ids = {r["id"] for r in records if part(r) == "validation"}
            holds(f"{name}: calibrated on the validation part alone", {r["id"] for r in held} == ids)
            check_calibration(name, held, summary["scoring"]["settings"])
    most = labels.most_common(1)[0][0]
    same("majority class, counted in the data", sum(label == most for label in test.values()) / len(test), sum(right["majority"]) / len(test))
    general = {}
    for name in ("base", "adapted"):
        rows, summary = evaluation(f"{name}-general")
        general[name] = perplexity(rows)
        same(f"{name}: perplexity of general text", general[name], summary["scores"]["perplexity"]["value"])
        bits = -math.fsum(r["logprob"] for r in rows) / math.log(2) / sum(r["bytes"] for r in rows)
        same(f"{name}: bits per byte of general text", bits, summary["scores"]["bitsPerByte"]["value"])
    ratio = general["adapted"] / general["base"]
    p = mcnemar(right["base"], right["adapted"])
    if options.result:
        table = json.loads(options.result.read_text())["table"]
        same("perplexity after over before", ratio, table["general"]["perplexityRatio"]["value"])
        found = next(c for c in table["comparisons"] if c["metric"] == "accuracy")
        same("McNemar's p", p, found["pValue"], 1e-6)
    else:
        print(f"     perplexity after over before {ratio:.6f}, McNemar's p {p:.3g}")
    print(f"{len(differences)} numbers differ" if differences else "every number is the same")
    sys.exit(1 if differences else 0)


main()
