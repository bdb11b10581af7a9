"""What `attune generate` prints without sampling, computed by Transformers.

Run: python tooling/reference/transformers/generate.py --model DIR [--adapter DIR] --input rows.jsonl --max-new-tokens N
     [--repetition-penalty X] [--num-beams N]
Rows hold prompt, prompt_ids or messages. Every row is generated alone; `margins` is how far the chosen token was ahead
of the next at each step (greedy only): where two programs differ, a margin near zero is a tie.
"""

import argparse
import json
import time

import torch
from oracle import end_ids, forget_lengths, load_model, load_tokenizer, prompt_ids, read_rows


def generate_row(model, tokenizer, row: dict, ends: list, settings: dict) -> dict:
    prompt = prompt_ids(tokenizer, row)
    forget_lengths(model)
    ids = torch.tensor([prompt])
    output = model.generate(input_ids=ids, attention_mask=torch.ones_like(ids), do_sample=False, temperature=None, top_p=None, top_k=None,
                            eos_token_id=ends or None, pad_token_id=0, output_scores=True, return_dict_in_generate=True, **settings)
    new = output.sequences[0, len(prompt):].tolist()
    stop = next((index for index, token in enumerate(new) if token in ends), None)
    new = new if stop is None else new[: stop + 1]
    result = {"text": tokenizer.decode(new, skip_special_tokens=True) if tokenizer else "", "ids": new,
              "finish": "length" if stop is None else "stop"}
    if settings.get("num_beams", 1) == 1:
        best = [scores[0].topk(2).values for scores in output.scores]
        result["margins"] = [float(values[0] - values[1]) for values in best]
    return result


def generate(model, tokenizer, rows: list, ends: list, settings: dict) -> list:
    return [{"index": index, **generate_row(model, tokenizer, row, ends, settings)} for index, row in enumerate(rows)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", required=True)
    parser.add_argument("--adapter")
    parser.add_argument("--input", required=True)
    parser.add_argument("--max-new-tokens", type=int, required=True)
    parser.add_argument("--repetition-penalty", type=float)
    parser.add_argument("--num-beams", type=int)
    options = parser.parse_args()
    settings = {key: getattr(options, key) for key in ("max_new_tokens", "repetition_penalty", "num_beams") if getattr(options, key) is not None}
    model, tokenizer = load_model(options.model, options.adapter), load_tokenizer(options.model)
    started = time.perf_counter()
    rows = generate(model, tokenizer, read_rows(options.input), end_ids(options.model, model), settings)
    count = sum(len(row["ids"]) for row in rows)
    print(json.dumps({"rows": rows, "tokens_per_second": count / (time.perf_counter() - started)}))


if __name__ == "__main__":
    main()
