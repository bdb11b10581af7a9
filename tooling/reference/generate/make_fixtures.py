"""Golden generations of a tiny random Llama: Transformers' greedy, penalised and beam search, and its logit processors.

Run: python tooling/reference/generate/make_fixtures.py
Writes packages/generate/test/fixtures/tiny/ (a Hugging Face folder, bfloat16), generations.json (ids only) and
processors.safetensors + .json (raw logits and what the processors make of them, so that sampling can be compared
without the same random numbers). Every case is refused here unless each decision has a margin that rounding cannot turn.
"""

import sys
from pathlib import Path

import torch
from transformers import GenerationConfig, LlamaConfig, LlamaForCausalLM, LogitsProcessorList
from transformers.generation import logits_process as processors

sys.path.append(str(Path(__file__).resolve().parents[1] / "shared"))
from fixture_io import fixtures_of, prepare, save_json, save_tensors, versions  # noqa: E402
from tiny_llama import save_tiny_llama, tiny_llama  # noqa: E402

seed = 5
pad, bos = 0, 1
margin = 2e-3
prompts = {
    "single": [[17, 4, 60, 33]],
    "one_token": [[1]],
    "unequal": [[9, 44, 71, 3, 8, 90, 12], [55], [28, 28, 6]],
}


def write_model(folder: Path) -> LlamaForCausalLM:
    config = LlamaConfig(vocab_size=96, hidden_size=32, intermediate_size=40, num_hidden_layers=2, num_attention_heads=4,
                         num_key_value_heads=2, max_position_embeddings=128, rms_norm_eps=1e-5, tie_word_embeddings=False,
                         bos_token_id=bos, eos_token_id=2, pad_token_id=pad)
    model = tiny_llama(config, seed, torch.bfloat16)
    with torch.no_grad():
        model.lm_head.weight.mul_(2)
    model = save_tiny_llama(folder, model, torch.bfloat16)
    model.generation_config = GenerationConfig(pad_token_id=pad, bos_token_id=bos)
    return model


def left_padded(rows: list) -> tuple:
    width = max(map(len, rows))
    ids = torch.tensor([[pad] * (width - len(row)) + row for row in rows])
    mask = torch.tensor([[0] * (width - len(row)) + [1] * len(row) for row in rows])
    return ids, mask


def until_end(ids: list, eos: list) -> tuple:
    """What Attune returns: the end token is kept, what follows it is not."""
    for index, token in enumerate(ids):
        if token in eos:
            return ids[: index + 1], "stop"
    return ids, "length"


def search(model: LlamaForCausalLM, rows: list, max_new_tokens: int, eos: list, **options) -> dict:
    """Every row alone, and all rows left-padded in one batch: Transformers must agree with itself."""
    results = []
    batch_ids, batch_mask = left_padded(rows)
    settings = {"max_new_tokens": max_new_tokens, "do_sample": False, "eos_token_id": eos or None, **options}
    together = model.generate(batch_ids, attention_mask=batch_mask, **settings)[:, batch_ids.shape[1]:].tolist()
    count = options.get("num_return_sequences", 1)
    for index, row in enumerate(rows):
        output = model.generate(torch.tensor([row]), attention_mask=torch.ones(1, len(row), dtype=torch.long), output_scores=True,
                                return_dict_in_generate=True, **settings)
        sequences = [until_end(sequence[len(row):].tolist(), eos) for sequence in output.sequences]
        batched = [until_end(sequence, eos) for sequence in together[index * count : (index + 1) * count]]
        if "repetition_penalty" not in options:  # The batch penalises its own padding, a row alone has none.
            assert sequences == batched, "the batch differs from the row alone"
        if options.get("num_beams", 1) == 1:
            chosen = sequences[0][0]
            for step, scores in enumerate(output.scores[: len(chosen)]):
                best = scores[0].topk(2).values
                assert float(best[0] - best[1]) > margin, f"row {index} step {step} is too close: {best.tolist()}"
            results.append({"ids": chosen, "finish": sequences[0][1]})
        else:
            scores = output.sequences_scores.tolist()
            assert all(left - right > margin for left, right in zip(scores, scores[1:])), f"beams too close: {scores}"
            results.append({"sequences": [{"ids": ids, "finish": finish, "score": score}
                                          for (ids, finish), score in zip(sequences, scores, strict=True)]})
    return {"prompts": rows, "max_new_tokens": max_new_tokens, "eos_token_ids": eos,
            **{key: value for key, value in options.items()}, "results": results}


def generations(model: LlamaForCausalLM) -> dict:
    free = search(model, prompts["unequal"], 24, [])
    seen = [result["ids"] for result in free["results"]]
    single = search(model, prompts["single"], 40, [])
    single_ids = single["results"][0]["ids"]
    first_end, second_end = seen[0][6], seen[2][9]
    beams = {"num_beams": 3, "num_return_sequences": 3}
    wide = search(model, prompts["unequal"], 12, [], **beams)
    beam_ids = wide["results"][0]["sequences"][0]["ids"]
    return {
        "greedy": single,
        "greedy_one_token_prompt": search(model, prompts["one_token"], 16, []),
        "greedy_unequal": free,
        "greedy_eos": search(model, prompts["single"], 40, [single_ids[10]]),
        "greedy_unequal_eos_list": search(model, prompts["unequal"], 24, [first_end, second_end]),
        "greedy_eos_never": search(model, prompts["single"], 8, [next(token for token in range(3, 96) if token not in single_ids[:8])]),
        "repetition_penalty": search(model, prompts["unequal"], 24, [], repetition_penalty=1.3),
        "repetition_penalty_below_one": search(model, prompts["single"], 12, [], repetition_penalty=0.8),
        "beams": wide,
        "beams_eos": search(model, prompts["unequal"], 12, [beam_ids[4]], **beams),
        "beams_length_penalty": search(model, prompts["unequal"], 12, [beam_ids[4]], length_penalty=0.2, **beams),
        "beams_early_stopping": search(model, prompts["unequal"], 12, [beam_ids[4]], early_stopping=True, **beams),
    }


def processed(model: LlamaForCausalLM) -> tuple:
    """Processors in the order Transformers applies them: repetition penalty, temperature, top-k, top-p, min-p."""
    builders = {
        "repetition_penalty": lambda value: processors.RepetitionPenaltyLogitsProcessor(value),
        "temperature": lambda value: processors.TemperatureLogitsWarper(value),
        "top_k": lambda value: processors.TopKLogitsWarper(value),
        "top_p": lambda value: processors.TopPLogitsWarper(value),
        "min_p": lambda value: processors.MinPLogitsWarper(value),
    }
    cases = {
        "temperature": {"temperature": 0.7}, "hot": {"temperature": 1.8}, "top_k": {"top_k": 5}, "top_k_one": {"top_k": 1},
        "top_k_beyond_vocabulary": {"top_k": 500}, "top_p": {"top_p": 0.8}, "top_p_tiny": {"top_p": 1e-6}, "min_p": {"min_p": 0.05},
        "temperature_top_k_top_p": {"temperature": 1.5, "top_k": 20, "top_p": 0.9},
        "all": {"repetition_penalty": 1.4, "temperature": 1.3, "top_k": 30, "top_p": 0.95, "min_p": 0.02},
        "repetition_penalty": {"repetition_penalty": 1.4},
    }
    ids = torch.tensor([[9, 44, 71, 3, 8, 90, 12], [28, 28, 6, 5, 17, 4, 60], [60, 61, 62, 63, 64, 65, 66]])
    with torch.no_grad():
        logits = model(ids, use_cache=False).logits[:, -1].clone()
    tensors, described = {"input_ids": ids, "logits": logits}, {}
    for name, options in cases.items():
        chain = LogitsProcessorList([builders[key](value) for key, value in options.items()])
        scores = chain(ids, logits.clone())
        tensors[f"{name}.scores"] = scores
        described[name] = options | {"kept": (scores > -torch.inf).sum(-1).tolist()}
    # Equal logits: which of them top-k and top-p keep.
    tied = torch.tensor([[1.0, 3.0, 3.0, 2.0, 3.0, 2.0, 0.0, 2.0]])
    tensors["ties.logits"] = tied
    for name, key, value in (("ties_top_k", "top_k", 2), ("ties_top_p", "top_p", 0.5)):
        tensors[f"{name}.scores"] = builders[key](value)(ids[:1], tied.clone())
        described[name] = {key: value, "logits": "ties.logits"}
    return tensors, described


def main() -> None:
    prepare()
    folder = fixtures_of("generate")
    model = write_model(fixtures_of("generate", "tiny"))
    made_by = {"seed": seed, "versions": versions("transformers", "safetensors")}
    save_json(folder / "generations.json", {
        "about": "new token ids (the prompt left out, the end token kept); beam scores are sums of log-probabilities divided by "
                 "(number of new tokens) ^ length_penalty (default 1)", **made_by, "smallest_margin": margin, "cases": generations(model)})
    tensors, described = processed(model)
    save_tensors(folder / "processors.safetensors", tensors)
    save_json(folder / "processors.json", {"about": processed.__doc__, **made_by, "cases": described})


if __name__ == "__main__":
    main()
