"""Writes packages/eval-bench/test/fixtures/*.json: statistics from scipy, metrics and a text baseline from scikit-learn.

Run by a developer: python -m venv venv && venv/bin/pip install -r requirements.txt && venv/bin/python make_fixtures.py [DATA]
With DATA (the folder that ATTUNE_TEST_DATA names) the numbers of tests on real data are written too.
"""

import csv
import itertools
import json
import sys
from pathlib import Path

import numpy as np
import scipy
import sklearn
from scipy import stats
from sklearn import metrics
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression

FIXTURES = Path(__file__).parents[3] / "packages/eval-bench/test/fixtures"
VERSIONS = {"numpy": np.__version__, "scipy": scipy.__version__, "scikit-learn": sklearn.__version__}


def write(name, value):
    path = FIXTURES / name
    path.write_text(json.dumps({"versions": VERSIONS, **value}, indent=1) + "\n")
    print(path.name, path.stat().st_size, "bytes")


def mcnemar_p(b, c):
    return 1.0 if b + c == 0 else float(stats.binomtest(b, b + c, 0.5).pvalue)


def statistics():
    wilson = []
    for k, n in [(0, 10), (1, 10), (5, 10), (10, 10), (286, 1319), (742, 1319), (950, 1000), (1, 1)]:
        for confidence in (0.9, 0.95, 0.99):
            interval = stats.binomtest(k, n).proportion_ci(confidence, method="wilson")
            wilson.append({"k": k, "n": n, "confidence": confidence, "low": interval.low, "high": interval.high})
    pairs = [(0, 0), (0, 1), (0, 6), (3, 9), (10, 10), (25, 49), (120, 80), (2, 300), (1000, 1100)]
    data = np.round(np.random.default_rng(7).lognormal(0, 1, 40), 6)
    bca = []
    for confidence in (0.9, 0.95):
        result = stats.bootstrap((data,), np.mean, n_resamples=499, confidence_level=confidence, method="BCa", rng=np.random.default_rng(3))
        bca.append({
            "confidence": confidence,
            "low": result.confidence_interval.low,
            "high": result.confidence_interval.high,
            "replicates": result.bootstrap_distribution.tolist(),
        })
    large = stats.bootstrap((data,), np.mean, n_resamples=100_000, method="BCa", rng=np.random.default_rng(5)).confidence_interval
    write("statistics.json", {
        "normal": [{"x": x, "cdf": float(stats.norm.cdf(x))} for x in (-8, -5, -3.3, -2, -1, -0.1, 0, 0.5, 1.96, 2.9, 4, 7)],
        "quantile": [{"p": p, "x": float(stats.norm.ppf(p))} for p in (1e-12, 1e-6, 0.001, 0.02, 0.025, 0.3, 0.5, 0.75, 0.975, 0.999999)],
        "wilson": wilson,
        "mcnemar": [{"b": b, "c": c, "p": mcnemar_p(b, c)} for b, c in pairs],
        "bootstrap": {"data": data.tolist(), "bca": bca, "large": {"low": large.low, "high": large.high}},
    })


def classification_case(classes, n, seed):
    rng = np.random.default_rng(seed)
    labels = [f"class {index}" for index in range(classes)]
    truth = rng.choice(classes, n, p=np.arange(1, classes + 1) / np.arange(1, classes + 1).sum())
    logits = rng.normal(0, 1, (n, classes)) + 1.2 * np.eye(classes)[truth]
    logprobs = np.round(logits - 4, 4)
    probabilities = np.exp(logprobs) / np.exp(logprobs).sum(1, keepdims=True)
    predicted = logprobs.argmax(1)
    right = (predicted == truth).astype(float)
    confidence = probabilities.max(1)
    bins = np.clip(np.ceil(confidence * 10) - 1, 0, 9).astype(int)
    ece = sum(abs((right - confidence)[bins == index].sum()) for index in range(10)) / n
    precision, recall, f1, support = metrics.precision_recall_fscore_support(truth, predicted, labels=range(classes), zero_division=0)
    return {
        "labels": labels,
        "truth": truth.tolist(),
        "logprobs": logprobs.tolist(),
        "expected": {
            "accuracy": metrics.accuracy_score(truth, predicted),
            "macroF1": metrics.f1_score(truth, predicted, average="macro"),
            "weightedF1": metrics.f1_score(truth, predicted, average="weighted"),
            "mcc": metrics.matthews_corrcoef(truth, predicted),
            "ece": float(ece),
            "brier": float(((probabilities - np.eye(classes)[truth]) ** 2).sum(1).mean()),
            "f1": float(f1[-1]),
            "precision": precision.tolist(),
            "recall": recall.tolist(),
            "support": support.tolist(),
            "confusion": metrics.confusion_matrix(truth, predicted, labels=range(classes)).tolist(),
        },
    }


def classification():
    write("classification.json", {"cases": [classification_case(2, 120, 1), classification_case(5, 150, 2)]})


WORDS = {
    "garden": "soil seed plant water root leaf sun the and with a spade 12 tomato_vine compost".split(),
    "kitchen": "oven salt water knife pan the and with a plate 12 tomato_soup broth simmer".split(),
    "harbour": "boat sail water rope tide the and with a anchor 7 gull harbour_wall café drift".split(),
}


def text_case(names, train_size, test_size, seed):
    rng = np.random.default_rng(seed)
    vocabulary = sorted({word for words in WORDS.values() for word in words})

    def text(name):
        own = rng.choice(WORDS[name], rng.integers(4, 16))
        noise = rng.choice(vocabulary, rng.integers(1, 8))
        words = rng.permutation(np.concatenate([own, noise]))
        return ", ".join(word.capitalize() if rng.random() < 0.2 else word for word in words) + "!"

    truth = rng.integers(0, len(names), train_size + test_size)
    texts = [text(names[index]) for index in truth]
    train, test = texts[:train_size], texts[train_size:]
    vectorizer = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True, min_df=2)
    rows = vectorizer.fit_transform(train)
    unseen = vectorizer.transform(test)
    fits = []
    for c in (0.5, 20.0):
        model = LogisticRegression(C=c, tol=1e-10, max_iter=100_000, solver="newton-cg").fit(rows, truth[:train_size])
        fits.append({"c": c, "logProbabilities": model.predict_log_proba(unseen).tolist(), "intercepts": model.intercept_.tolist()})
    first = unseen[0].tocoo()
    terms = vectorizer.get_feature_names_out()
    return {
        "labels": names,
        "train": [{"text": text, "label": names[index]} for text, index in zip(train, truth)],
        "test": [{"text": text, "label": names[index]} for text, index in zip(test, truth[train_size:])],
        "terms": len(terms),
        "firstRow": {str(terms[column]): float(value) for column, value in zip(first.col, first.data)},
        "fits": fits,
    }


def text_baseline():
    write("text-baseline.json", {"cases": [text_case(["garden", "kitchen"], 60, 12, 11), text_case(list(WORDS), 60, 12, 12)]})


def read_csv(path):
    with open(path, encoding="utf-8", newline="") as handle:
        return list(csv.DictReader(handle))


def real_data(folder):
    with open(folder / "math/gsm8k_example_model_solutions.jsonl", encoding="utf-8") as handle:
        rows = [json.loads(line) for line in handle]
    names = ["6b_finetuning", "6b_verification", "175b_finetuning", "175b_verification"]
    right = {name: np.array([row[name]["is_correct"] for row in rows], dtype=int) for name in names}
    pairs = []
    for first, second in itertools.combinations(names, 2):
        b = int(((right[first] == 1) & (right[second] == 0)).sum())
        c = int(((right[first] == 0) & (right[second] == 1)).sum())
        difference = right[second] - right[first]
        interval = stats.bootstrap((difference,), np.mean, n_resamples=20_000, method="BCa", rng=np.random.default_rng(1)).confidence_interval
        pairs.append({"first": first, "second": second, "onlyFirst": b, "onlySecond": c, "pValue": mcnemar_p(b, c),
                      "difference": float(difference.mean()), "low": float(interval.low), "high": float(interval.high)})

    train, test = (read_csv(folder / f"banking77/{part}.csv") for part in ("train", "test"))
    labels = sorted({row["category"] for row in train})[:20]
    train, test = ([row for row in part if row["category"] in labels] for part in (train, test))
    vectorizer = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True, min_df=2)
    model = LogisticRegression(C=10, tol=1e-6, max_iter=10_000)
    model.fit(vectorizer.fit_transform([row["text"] for row in train]), [row["category"] for row in train])
    predicted = model.predict(vectorizer.transform([row["text"] for row in test]))
    truth = [row["category"] for row in test]
    write("real-data.json", {
        "gsm8k": {"n": len(rows), "correct": {name: int(right[name].sum()) for name in names}, "pairs": pairs},
        "banking77": {"c": 10, "labels": len(labels), "terms": len(vectorizer.vocabulary_), "n": len(truth), "accuracy": metrics.accuracy_score(truth, predicted),
                      "macroF1": metrics.f1_score(truth, predicted, average="macro")},
    })


if __name__ == "__main__":
    FIXTURES.mkdir(parents=True, exist_ok=True)
    statistics()
    classification()
    text_baseline()
    if len(sys.argv) > 1:
        real_data(Path(sys.argv[1]))
