"""What `attune score` prints, computed by Transformers.

Run: python tooling/reference/transformers/score.py --model DIR [--adapter DIR] --input rows.jsonl
Rows hold prompt and completion (text) or prompt_ids and completion_ids. Log-probabilities are natural logs summed over
the completion; greedy says whether each of its tokens is the most probable one.
"""

import argparse
import json
import time

import torch
from oracle import completion_ids, forget_lengths, load_model, load_tokenizer, prompt_ids, read_rows


def score_row(model, tokenizer, row: dict) -> dict:
    prompt, completion = prompt_ids(tokenizer, row), completion_ids(tokenizer, row)
    if not prompt:
        raise SystemExit("A row needs at least one token before its completion: an empty prompt needs a tokenizer that adds a BOS.")
    forget_lengths(model)
    ids = torch.tensor([prompt + completion])
    with torch.no_grad():
        logits = model(ids, use_cache=False).logits[0, len(prompt) - 1 : -1].double()
    chosen = torch.tensor(completion, dtype=torch.long)
    log_probabilities = logits.log_softmax(-1).gather(-1, chosen[:, None])[:, 0]
    return {"logprob": float(log_probabilities.sum()), "tokens": len(completion), "greedy": bool((logits.argmax(-1) == chosen).all())}


def score(model, tokenizer, rows: list) -> list:
    return [{"index": index, **score_row(model, tokenizer, row)} for index, row in enumerate(rows)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", required=True)
    parser.add_argument("--adapter")
    parser.add_argument("--input", required=True)
    options = parser.parse_args()
    model, tokenizer = load_model(options.model, options.adapter), load_tokenizer(options.model)
    started = time.perf_counter()
    rows = score(model, tokenizer, read_rows(options.input))
    print(json.dumps({"rows": rows, "seconds": time.perf_counter() - started}))


if __name__ == "__main__":
    main()
