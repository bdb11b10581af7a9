"""Random Llama- and Mistral-type checkpoints, as unlike each other as their configurations allow: for `transformers/sweep.py`.

Run: python tooling/reference/checkpoints/make_random.py --text FILE --output DIR [--count 24] [--seed 1]
Every draw is fixed by the seed: sizes, grouped heads, head_dim, ties, biases, activation, every RoPE type in both
spellings of config.json, sliding windows, storage (bfloat16, float16, float32, mixed), shards, padded vocabularies, and
one of eight styles of tokenizer with its own special tokens. FILE is any UTF-8 text: the tokenizers are trained on it.
Each folder also gets `about.json`, which says what was drawn.
"""

import argparse
import json
import random
import sys
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from tokenizers import Tokenizer
from transformers import LlamaConfig, LlamaForCausalLM, MistralConfig, MistralForCausalLM

sys.path.append(str(Path(__file__).resolve().parents[1] / "shared"))
from fixture_io import prepare, save_json  # noqa: E402
from random_tokenizers import styles  # noqa: E402
from tiny_llama import fill_randomly  # noqa: E402

dtypes = {"float32": torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16}


def draw_rope(rng: random.Random, half: int) -> tuple:
    """A RoPE configuration and max_position_embeddings; scaling starts within the rows of a test."""
    theta = rng.choice([100.0, 10000.0, 500000.0, 1000000.0])
    maximum, original = rng.choice([128, 192, 256]), rng.choice([16, 32, 48])
    factor = rng.choice([1.5, 2.0, 4.0, 8.0])
    factors = lambda low, high: [round(rng.uniform(low, high), 3) for _ in range(half)]  # noqa: E731
    kind = rng.choice(["default", "linear", "dynamic", "llama3", "yarn", "longrope"])
    fields = {
        "default": {}, "linear": {"factor": factor}, "dynamic": {"factor": factor},
        "llama3": {"factor": factor, "low_freq_factor": 1.0, "high_freq_factor": rng.choice([2.0, 4.0]),
                   "original_max_position_embeddings": original},
        "yarn": {"factor": factor, "original_max_position_embeddings": original, **rng.choice([
            {}, {"attention_factor": 1.3}, {"beta_fast": 16.0, "beta_slow": 2.0}, {"mscale": 0.8, "mscale_all_dim": 1.1},
            {"truncate": False}])},
        "longrope": {"short_factor": factors(1.0, 1.5), "long_factor": factors(2.0, 8.0), "factor": maximum / original,
                     "original_max_position_embeddings": original, **rng.choice([{}, {"attention_factor": 1.2}])},
    }[kind]
    return {"rope_type": kind, "rope_theta": theta, **fields}, 32 if kind == "dynamic" else maximum


def draw_config(rng: random.Random, vocabulary: int, ids: dict) -> dict:
    heads = rng.choice([1, 2, 3, 4, 6, 8])
    groups = rng.choice([count for count in range(1, heads + 1) if heads % count == 0])
    own_dimension = rng.random() < 0.4
    dimension = rng.choice([8, 12, 16, 20, 32, 48, 64])
    hidden = heads * (rng.choice([5, 8, 12, 17, 24]) if own_dimension else dimension)
    rope, maximum = draw_rope(rng, dimension // 2)
    return {
        "vocab_size": vocabulary + rng.choice([0, 0, 1, 13, 64]), "hidden_size": hidden,
        "intermediate_size": rng.choice([17, 33, 64, 100, 171, 256]), "num_hidden_layers": rng.randint(1, 4),
        "num_attention_heads": heads, "num_key_value_heads": groups, "head_dim": dimension,
        "max_position_embeddings": maximum, "rms_norm_eps": rng.choice([1e-3, 1e-5, 1e-6]),
        "hidden_act": rng.choice(["silu", "silu", "silu", "gelu", "gelu_pytorch_tanh", "relu"]),
        "tie_word_embeddings": rng.random() < 0.4, "rope_parameters": rope, **ids,
    }


def draw_model(rng: random.Random, config: dict, seed: int):
    if rng.random() < 0.25:
        window = rng.choice([None, 5, 16, 40])
        return MistralForCausalLM, MistralConfig(**config, sliding_window=window)
    return LlamaForCausalLM, LlamaConfig(**config, attention_bias=rng.random() < 0.4, mlp_bias=rng.random() < 0.4)


def old_spelling(config: dict) -> dict:
    """rope_theta at the top and rope_scaling beside it, as before Transformers 5."""
    rope = dict(config.pop("rope_parameters"))
    config["rope_theta"] = rope.pop("rope_theta")
    config["rope_scaling"] = None if rope["rope_type"] == "default" else rope
    config["torch_dtype"] = config.pop("dtype", "float32")
    return config


def store(folder: Path, model, rng: random.Random) -> dict:
    """Rounds the values to what they are stored in; `mixed` keeps the norms in float32 beside bfloat16 matrices."""
    name = rng.choice(["float32", "bfloat16", "bfloat16", "float16", "mixed"])
    with torch.no_grad():
        for key, parameter in model.named_parameters():
            narrow = torch.bfloat16 if name == "mixed" and parameter.dim() > 1 else dtypes.get(name, torch.float32)
            parameter.copy_(parameter.to(narrow).float())
    shards = rng.random() < 0.35
    if name == "mixed":
        model.save_pretrained(folder, max_shard_size="5GB")
        file = folder / "model.safetensors"
        save_file({key: value.bfloat16() if value.dim() > 1 else value for key, value in load_file(file).items()}, file, metadata={"format": "pt"})
    else:
        model.to(dtypes[name]).save_pretrained(folder, max_shard_size="60KB" if shards else "5GB")
    spelling = rng.choice(["new", "old"])
    if spelling == "old":
        path = folder / "config.json"
        save_json(path, old_spelling(json.loads(path.read_text())))
    return {"stored": name, "shards": len(list(folder.glob("*.safetensors"))), "spelling": spelling}


def save_tokenizer(folder: Path, tokenizer: Tokenizer, named: dict, extra: dict) -> None:
    tokenizer.save(str(folder / "tokenizer.json"))
    save_json(folder / "tokenizer_config.json", {**named, "clean_up_tokenization_spaces": False, "model_max_length": 4096,
                                                 "tokenizer_class": "PreTrainedTokenizerFast", **extra})


def make(folder: Path, text: Path, seed: int) -> dict:
    rng = random.Random(seed)
    style = list(styles)[seed % len(styles)]
    tokenizer, named, extra = styles[style](text, rng.choice([300, 500, 900]))
    ids = {f"{role}_id": tokenizer.token_to_id(token) for role, token in named.items() if role != "unk_token"}
    config = draw_config(rng, tokenizer.get_vocab_size(), ids)
    kind, prepared = draw_model(rng, config, seed)
    model = fill_randomly(kind._from_config(prepared, attn_implementation="eager", dtype=torch.float32), seed)
    folder.mkdir(parents=True, exist_ok=True)
    about = {"seed": seed, "architecture": kind.__name__, "tokenizer": style, **store(folder, model, rng),
             "rope": config["rope_parameters"]["rope_type"], "heads": [config["num_attention_heads"], config["num_key_value_heads"]],
             "head_dim": config["head_dim"], "hidden": config["hidden_size"], "tied": config["tie_word_embeddings"],
             "bias": [getattr(prepared, "attention_bias", False), getattr(prepared, "mlp_bias", False)], "act": config["hidden_act"],
             "window": getattr(prepared, "sliding_window", None), "positions": config["max_position_embeddings"]}
    save_tokenizer(folder, tokenizer, named, extra)
    save_json(folder / "about.json", about)
    return about


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--text", type=Path, required=True)
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("--count", type=int, default=24)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    prepare()
    for seed in range(options.seed, options.seed + options.count):
        print(json.dumps(make(options.output / f"random-{seed:03}", options.text, seed)))


if __name__ == "__main__":
    main()
