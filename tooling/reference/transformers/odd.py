"""Checkpoints that are odd on purpose: each must be scored as Transformers scores it, or be refused, never computed otherwise.

Run: python tooling/reference/transformers/odd.py [--node node_modules/.bin/node] [--tolerance 1e-4] [--only NAME ...]
A case changes the configuration or the tensors of a tiny random model in a way that files from elsewhere do: spellings of
rotary scaling, defaults that are left out, names of other models, buffers, heads that are stored although they are tied.
Prints a line of JSON each; `outcome` is same, refused (here), refused by both, only ours (Transformers refuses) or differs.
Exits 1 where one differs: by more than --tolerance times the largest logit (at least 1), a token.
"""

import argparse
import json
import sys
import tempfile
from pathlib import Path

import torch
from compare import Attune, id_rows
from oracle import load_model
from safetensors.torch import load_file, save_file
from score import score
from transformers import LlamaConfig, LlamaForCausalLM, MistralConfig, MistralForCausalLM

sys.path.append(str(Path(__file__).resolve().parents[1] / "shared"))
from tiny_llama import fill_randomly  # noqa: E402

shape = {"vocab_size": 67, "hidden_size": 24, "intermediate_size": 41, "num_hidden_layers": 2, "num_attention_heads": 3, "num_key_value_heads": 1,
         "head_dim": 64, "max_position_embeddings": 96, "rms_norm_eps": 1e-5, "bos_token_id": 1, "eos_token_id": 2}
short, long = [1 + 0.01 * pair for pair in range(32)], [1 + 0.2 * pair for pair in range(32)]
original = {"original_max_position_embeddings": 24}
ropes = {
    "linear": {"factor": 3}, "dynamic": {"factor": 2.0}, "dynamic with another length": {"factor": 2.0, **original},
    "yarn": {"factor": 4.0, **original}, "yarn without a length": {"factor": 4.0}, "yarn, attention": {"factor": 4.0, **original, "attention_factor": 0.7},
    "yarn, betas": {"factor": 8.0, **original, "beta_fast": 4, "beta_slow": 2}, "yarn, scales": {"factor": 8.0, **original, "mscale": 1.0, "mscale_all_dim": 0.5},
    "yarn, one scale": {"factor": 8.0, **original, "mscale": 0.3}, "yarn, no truncation": {"factor": 8.0, **original, "truncate": False},
    "yarn, truncation null": {"factor": 8.0, **original, "truncate": None}, "yarn below 1": {"factor": 0.5, **original},
    "longrope": {"short_factor": short, "long_factor": long, "factor": 4.0, **original}, "longrope by lengths": {"short_factor": short, "long_factor": long, **original},
    "longrope, list too short": {"short_factor": short[:3], "long_factor": long[:3], **original}, "su": {"short_factor": short, "long_factor": long, **original},
    "llama3": {"factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0, **original},
    "llama3, bounds swapped": {"factor": 8.0, "low_freq_factor": 4.0, "high_freq_factor": 1.0, **original},
    "proportional": {"partial_rotary_factor": 0.5}, "default, half a head": {"partial_rotary_factor": 0.5},
}


def without(*keys: str):
    return lambda config: {key: value for key, value in config.items() if key not in keys}


def having(**values):
    return lambda config: config | values


def spellings(rope: dict) -> dict:
    """The same scaling as releases before and after Transformers 5 write it."""
    old = without("rope_parameters")
    by_type = {("type" if key == "rope_type" else key): value for key, value in rope.items()}
    return {"old": lambda config: old(config) | {"rope_theta": 10000, "rope_scaling": rope}, "older": lambda config: old(config) | {"rope_theta": 1e6, "rope_scaling": by_type},
            "new": having(rope_parameters=rope | {"rope_theta": 500000}), "theta beside it": having(rope_parameters=rope, rope_theta=777.0)}


def configurations() -> dict:
    """By name: shape, change of config.json, class."""
    cases = {f"{name}, {spelling}": ({}, change) for name, fields in ropes.items()
             for spelling, change in spellings({"rope_type": name.split(",")[0].split(" ")[0], **fields}).items()}
    cases |= {f"without {key}": ({}, without(key)) for key in ("rms_norm_eps", "hidden_act", "tie_word_embeddings", "max_position_embeddings", "head_dim", "architectures",
                                                              "num_key_value_heads", "eos_token_id", "rope_parameters", "model_type")}
    cases |= {f"{act}": ({"hidden_act": act}, having()) for act in ("swish", "gelu", "gelu_new", "gelu_pytorch_tanh", "relu", "quick_gelu", "relu2", "mish", "tanh")}
    cases |= {f"model_type {name}": ({}, having(model_type=name)) for name in ("gemma", "granite", "qwen2", "mistral")}
    cases |= {"architecture LlamaModel": ({}, having(architectures=["LlamaModel"])), "pad -1": ({}, having(pad_token_id=-1)), "pad outside": ({}, having(pad_token_id=67)),
              "keys of others": ({}, having(sliding_window=8, layer_types=["full_attention", "sliding_attention"], pretraining_tp=4, residual_multiplier=2.0)),
              "scaling beside parameters": ({}, having(rope_scaling={"rope_type": "linear", "factor": 4.0}, rope_parameters={"rope_type": "default", "rope_theta": 50.0})),
              "length at the top": ({}, having(rope_parameters={"rope_type": "yarn", "factor": 4.0, "rope_theta": 1e4, **original}, original_max_position_embeddings=12)),
              "more blocks than layers": ({}, having(num_hidden_layers=1)), "larger vocabulary": ({}, having(vocab_size=70)), "no norm": ({"rms_norm_eps": 0.5}, having()),
              "Mistral with layers": ({"num_key_value_heads": 3, "sliding_window": 9}, having(layer_types=["full_attention", "sliding_attention"])),
              "Mistral, window left out": ({"num_key_value_heads": 3, "sliding_window": 9}, without("sliding_window")), "Mistral, no window": ({"num_key_value_heads": 3, "sliding_window": None}, having())}
    return cases


def tensor_changes() -> dict:
    """By name: shape, change of the tensors."""
    table, head = "model.embed_tokens.weight", "lm_head.weight"
    frequencies = {"model.layers.0.self_attn.rotary_emb.inv_freq": torch.ones(32), "model.rotary_emb.inv_freq": torch.ones(32)}
    kinds = (torch.float16, torch.bfloat16, torch.float32, torch.float64)
    return {"frequencies": ({}, lambda all: all | frequencies), "a scale": ({}, lambda all: all | {"model.layers.0.self_attn.k_scale": torch.ones(1)}),
            "four dtypes": ({}, lambda all: {key: all[key].to(kinds[index % 4]) for index, key in enumerate(sorted(all))}),
            "tied, head stored": ({"tie_word_embeddings": True}, lambda all: all | {head: all[table].clone()}),
            "tied, another head": ({"tie_word_embeddings": True}, lambda all: all | {head: 2 * all[table]}),
            "tied, head alone": ({"tie_word_embeddings": True}, lambda all: without(table)(all) | {head: all[table]}),
            "no head": ({}, without(head)), "a bias too many": ({}, lambda all: all | {"model.layers.0.self_attn.q_proj.bias": torch.ones(192)}),
            "an infinite weight": ({}, lambda all: all | {"model.norm.weight": torch.full((24,), torch.inf)})}


def write(folder: Path, name: str, changed: dict, change_config=None, change_tensors=None) -> None:
    kind, configuration = (MistralForCausalLM, MistralConfig) if name.startswith("Mistral") else (LlamaForCausalLM, LlamaConfig)
    length = {"max_position_embeddings": 24} if name.startswith("dynamic") or "without a length" in name else {}
    model = kind._from_config(configuration(**shape | length | changed), attn_implementation="eager", dtype=torch.float32)
    fill_randomly(model, 7).save_pretrained(folder)
    if change_config:
        path = folder / "config.json"
        path.write_text(json.dumps(change_config(json.loads(path.read_text()))))
    if change_tensors:
        path = folder / "model.safetensors"
        save_file({key: value.contiguous() for key, value in change_tensors(load_file(path)).items()}, path, metadata={"format": "pt"})


def examine(attune: Attune, folder: str, tolerance: float) -> dict:
    rows = id_rows(shape["vocab_size"], 4, 70)
    attune.use(folder, None)
    try:
        ours, sentence = attune.rows("score", rows, "--context-length", "128")["rows"], None
    except SystemExit as stopped:
        ours, sentence = None, str(stopped)
    try:
        model = load_model(folder)
        theirs = score(model, None, rows)
        with torch.no_grad():
            largest = max(1.0, float(model(torch.tensor([rows[0]["prompt_ids"]])).logits.abs().max()))
    except Exception as error:  # Whatever Transformers stops with.
        return {"outcome": "refused by both" if ours is None else "only ours", "sentence": sentence, "theirs": f"{type(error).__name__}: {error}"[:160]}
    if ours is None:
        return {"outcome": "refused", "sentence": sentence}
    off = max(abs(left["logprob"] - right["logprob"]) / right["tokens"] for left, right in zip(ours, theirs, strict=True))
    return {"outcome": "same" if off <= tolerance * largest else "differs", "greatest_difference_per_token": off, "largest_logit": largest}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--node", default="node_modules/.bin/node")
    parser.add_argument("--tolerance", type=float, default=1e-4)
    parser.add_argument("--only", nargs="*")
    options = parser.parse_args()
    torch.set_num_threads(1)
    cases = {name: (changed, change, None) for name, (changed, change) in configurations().items()}
    cases |= {name: (changed, None, change) for name, (changed, change) in tensor_changes().items()}
    attune, outcomes = Attune(options.node), {}
    for name, (changed, change_config, change_tensors) in cases.items():
        if options.only and name not in options.only:
            continue
        with tempfile.TemporaryDirectory() as folder:
            write(Path(folder), name, changed, change_config, change_tensors)
            result = examine(attune, folder, options.tolerance)
        outcomes.setdefault(result["outcome"], []).append(name)
        print(json.dumps({"name": name, **result}, ensure_ascii=False), flush=True)
    print(json.dumps({outcome: len(names) for outcome, names in outcomes.items()} | {"differ": outcomes.get("differs", [])}))
    sys.exit(1 if "differs" in outcomes else 0)


if __name__ == "__main__":
    main()
