"""Random adapters, written by PEFT on checkpoint folders below one, scored by Attune and by PEFT; and adapters that have to be refused.

Run: python tooling/reference/peft/sweep.py --models DIR [--count 12] [--seed 1] [--node node_modules/.bin/node] [--tolerance 1e-4]
Options are drawn from everything that LoraConfig takes and Attune claims; weights are random. Prints a line of JSON each, and
exits 1 where a log-probability is off by more than --tolerance per token or an adapter was not refused.
"""

import argparse
import json
import random
import sys
import tempfile
from pathlib import Path

import torch
from peft import IA3Config, LoraConfig, get_peft_model
from transformers import AutoModelForCausalLM

sys.path.append(str(Path(__file__).resolve().parents[1] / "transformers"))
from compare import Attune, compare_scores, id_rows  # noqa: E402
from score import score  # noqa: E402

modules = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]


def draw_options(rng: random.Random) -> dict:
    targets = rng.choice(["all-linear", r".*\.(self_attn\.[qv]|mlp\.down)_proj", rng.sample(modules, rng.randint(1, 5)),
                          [*rng.sample(modules, 2), "embed_tokens"]])
    as_list = isinstance(targets, list)
    options = {"r": rng.randint(1, 9), "lora_alpha": rng.choice([1, 4, 16, 33]), "target_modules": targets, "use_rslora": rng.random() < 0.3,
               "lora_dropout": rng.choice([0.0, 0.1]), "bias": rng.choice(["none", "none", "all", "lora_only"])}
    if as_list and rng.random() < 0.3:
        options |= {"layers_to_transform": [0], "layers_pattern": rng.choice([None, "layers"])}
    if rng.random() < 0.3:
        options |= {"rank_pattern": {"v_proj": 3, "layers.0.mlp.down_proj": 2}, "alpha_pattern": {"q_proj": 7}}
    if as_list and "embed_tokens" not in targets and rng.random() < 0.3:
        options["use_dora"] = True
    elif rng.random() < 0.2 and "embed_tokens" not in targets:
        options |= {"lora_bias": True, "bias": "none"}
    if rng.random() < 0.3:
        options["modules_to_save"] = rng.choice([["norm"], ["post_attention_layernorm"]])
    return options


def fill(model, seed: int) -> None:
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if parameter.requires_grad and "magnitude" not in name:
                parameter.add_(0.1 * torch.randn(parameter.shape, generator=generator))


def write_adapter(model: str, folder: str, config, seed: int):
    base = AutoModelForCausalLM.from_pretrained(model, dtype=torch.float32, attn_implementation="eager")
    adapted = get_peft_model(base, config)
    fill(adapted, seed)
    adapted.save_pretrained(folder)
    return adapted.eval()


def refused_configs() -> dict:
    plain = {"r": 4, "target_modules": ["q_proj", "v_proj"], "task_type": "CAUSAL_LM"}
    return {"fast pissa": LoraConfig(**plain, init_lora_weights="pissa_niter_4"),
            "trainable tokens": LoraConfig(**plain, trainable_token_indices=[1, 2]),
            "layer replication": LoraConfig(**plain, layer_replication=[[0, 1], [0, 1]]),
            "alora": LoraConfig(**plain, alora_invocation_tokens=[1, 2]), "ia3": IA3Config(task_type="CAUSAL_LM")}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--models", required=True)
    parser.add_argument("--count", type=int, default=12)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--node", default="node_modules/.bin/node")
    parser.add_argument("--tolerance", type=float, default=1e-4)
    options = parser.parse_args()
    torch.set_num_threads(1)
    attune, folders, failed = Attune(options.node), sorted(path.parent for path in Path(options.models).glob("*/config.json")), []
    for seed in range(options.seed, options.seed + options.count):
        rng, model = random.Random(seed), str(folders[seed % len(folders)])
        drawn = draw_options(rng)
        with tempfile.TemporaryDirectory() as folder:
            adapted = write_adapter(model, folder, LoraConfig(task_type="CAUSAL_LM", **drawn), seed)
            rows = id_rows(adapted.config.vocab_size, 3, 24)
            attune.use(model, folder)
            try:
                result = compare_scores(attune.rows("score", rows), score(adapted, None, rows))
                with adapted.disable_adapter():
                    result["without_the_adapter"] = score(adapted, None, rows)[0]["logprob"] - score_first(attune, rows)
            except SystemExit as stopped:
                result = {"greatest_difference_per_token": float("inf"), "stopped": str(stopped)}
        if not result["greatest_difference_per_token"] <= options.tolerance:
            failed.append(seed)
        print(json.dumps({"seed": seed, "model": Path(model).name, **result, "options": drawn}), flush=True)
    for name, config in refused_configs().items():
        with tempfile.TemporaryDirectory() as folder:
            model = str(folders[0])
            adapted = write_adapter(model, folder, config, 1)
            attune.use(model, folder)
            try:
                attune.rows("score", id_rows(adapted.config.vocab_size, 1, 12))
                sentence = None
                failed.append(name)
            except SystemExit as stopped:
                sentence = str(stopped)
        print(json.dumps({"refused": name, "sentence": sentence}), flush=True)
    print(json.dumps({"failed": failed}))
    sys.exit(1 if failed else 0)


def score_first(attune: Attune, rows: list) -> float:
    return attune.rows("score", rows[:1])["rows"][0]["logprob"]


if __name__ == "__main__":
    main()
