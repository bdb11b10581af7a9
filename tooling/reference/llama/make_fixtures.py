"""Golden values of the Llama family: tiny random checkpoints run through Transformers.

Run: python tooling/reference/llama/make_fixtures.py
Writes packages/models/test/fixtures/llama/<variant>/: config.json and weights as a Hugging Face folder, and
fixture.safetensors + fixture.json with inputs, logits, loss (mean over labels that are not -100, shifted inside
as Transformers does), gradients and hidden states. `spread` in fixture.json is the greatest difference between
Transformers' own eager float32, sdpa float32 and eager float64 runs: the noise a tolerance is derived from.
"""

import json
import shutil
import sys
from pathlib import Path

import torch
from safetensors.torch import save_file
from transformers import LlamaConfig, LlamaForCausalLM

sys.path.append(str(Path(__file__).resolve().parents[1] / "shared"))
from fixture_io import fixtures_of, greatest_difference, prepare, rounded_up, save_json, save_tensors, versions  # noqa: E402
from tiny_llama import tiny_llama  # noqa: E402
from variants import variants  # noqa: E402


def random_ids(vocabulary: int, rows: int, length: int, generator: torch.Generator) -> torch.Tensor:
    return torch.randint(3, vocabulary, (rows, length), generator=generator)


def some_labels(ids: torch.Tensor, valid: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
    """Labels equal the ids, a quarter of them and all padding ignored, as a prompt mask would do."""
    ignored = (torch.rand(ids.shape, generator=generator) < 0.25) | (valid == 0)
    return ids.masked_fill(ignored, -100)


def make_case(kind: str, vocabulary: int, generator: torch.Generator) -> dict:
    if kind in ("batch", "long", "short", "far"):
        rows, length = {"batch": (2, 11), "long": (1, 67), "short": (2, 7), "far": (1, 40)}[kind]
        ids = random_ids(vocabulary, rows, length, generator)
        mask = torch.ones_like(ids)
        positions = torch.arange(length).expand(rows, length)
    elif kind in ("right_padded", "left_padded"):
        ids = random_ids(vocabulary, 3, 9, generator)
        mask = torch.zeros_like(ids)
        for row, length in enumerate((9, 5, 2)):
            mask[row, slice(0, length) if kind == "right_padded" else slice(9 - length, 9)] = 1
        ids = ids * mask
        positions = (mask.cumsum(-1) - 1).clamp(min=0)
    elif kind == "packed":
        lengths = (7, 1, 12)
        ids = random_ids(vocabulary, 1, sum(lengths), generator)
        mask = torch.ones_like(ids)
        positions = torch.cat([torch.arange(length) for length in lengths])[None]
    else:
        raise ValueError(kind)
    case = {"input_ids": ids, "attention_mask": mask, "position_ids": positions}
    case["labels"] = some_labels(ids, mask, generator)
    if kind in ("packed", "left_padded"):  # Nothing may be predicted from another document or from padding.
        case["labels"] = case["labels"].masked_fill(positions == 0, -100)
    if kind == "packed":
        case["document_ids"] = (positions == 0).cumsum(-1) - 1
    return case


def block_mask(documents: torch.Tensor, dtype: torch.dtype) -> torch.Tensor:
    """Additive [1, 1, length, length] mask: causal and inside one document."""
    length = documents.shape[1]
    allowed = (documents[0][:, None] == documents[0][None]) & torch.ones(length, length).tril().bool()
    return torch.zeros(length, length, dtype=dtype).masked_fill(~allowed, torch.finfo(dtype).min)[None, None]


def forward(model: LlamaForCausalLM, case: dict):
    mask = case["attention_mask"]
    if "document_ids" in case:
        mask = block_mask(case["document_ids"], model.dtype)
    return model(input_ids=case["input_ids"], attention_mask=mask, position_ids=case["position_ids"],
                 labels=case["labels"], output_hidden_states=True, use_cache=False)


def evaluate(model: LlamaForCausalLM, case: dict, with_gradients: bool, with_hidden: bool) -> dict:
    model.zero_grad(set_to_none=True)
    output = forward(model, case)
    result = {"logits": output.logits, "loss": output.loss.reshape(1)}
    if with_hidden:
        result |= {f"hidden.{index}": state for index, state in enumerate(output.hidden_states)}
    if with_gradients:
        output.loss.backward()
        result |= {f"grad.{name}": parameter.grad for name, parameter in model.named_parameters()}
    return {name: tensor.detach().clone() for name, tensor in result.items()}


def check_documents_do_not_leak(model: LlamaForCausalLM, case: dict, logits: torch.Tensor) -> None:
    """The packed logits must be those of each document alone."""
    documents = case["document_ids"][0]
    for document in range(int(documents.max()) + 1):
        chosen = documents == document
        alone = model(input_ids=case["input_ids"][:, chosen], use_cache=False).logits
        assert greatest_difference(alone, logits[:, chosen]) < 1e-5, "packed documents leaked"


def valid_rows(name: str, tensor: torch.Tensor, case: dict) -> torch.Tensor:
    """Outputs at padding positions are arbitrary and never compared."""
    return tensor[case["attention_mask"].bool()] if name == "logits" or name.startswith("hidden.") else tensor


def write_checkpoint(folder: Path, model: LlamaForCausalLM, variant: dict) -> None:
    config = json.loads(model.config.to_json_string(use_diff=False)) if variant["config_json"] is None else variant["config_json"]
    keep = ("architectures", "attention_bias", "attention_dropout", "bos_token_id", "dtype", "eos_token_id", "head_dim",
            "hidden_act", "hidden_size", "initializer_range", "intermediate_size", "max_position_embeddings", "mlp_bias",
            "model_type", "num_attention_heads", "num_hidden_layers", "num_key_value_heads", "pad_token_id",
            "pretraining_tp", "rms_norm_eps", "rope_parameters", "tie_word_embeddings", "transformers_version",
            "use_cache", "vocab_size")
    if variant["config_json"] is None:
        config = {key: config[key] for key in keep if key in config}
        config["architectures"] = ["LlamaForCausalLM"]
        config["dtype"] = str(variant["dtype"]).removeprefix("torch.")
    save_json(folder / "config.json", config)
    state = {name: tensor.to(variant["dtype"]) for name, tensor in model.state_dict().items()}
    if model.config.tie_word_embeddings and not variant["store_tied_head"]:
        del state["lm_head.weight"]
    state |= variant["extra_tensors"]
    if variant["shards"] == 1:
        save_tensors(folder / "model.safetensors", state)
        return
    names = sorted(state)
    count = variant["shards"]
    weight_map = {}
    for shard in range(count):
        file = f"model-{shard + 1:05d}-of-{count:05d}.safetensors"
        chosen = names[shard * len(names) // count : (shard + 1) * len(names) // count]
        save_file({name: state[name].contiguous() for name in chosen}, folder / file, metadata={"format": "pt"})
        weight_map |= {name: file for name in chosen}
    size = sum(tensor.numel() * tensor.element_size() for tensor in state.values())
    save_json(folder / "model.safetensors.index.json", {"metadata": {"total_size": size}, "weight_map": weight_map})


def make_variant(name: str, variant: dict, seed: int) -> int:
    folder = fixtures_of("models", "llama", name)
    shutil.rmtree(folder)
    folder.mkdir()
    write_checkpoint(folder, tiny_llama(LlamaConfig(**variant["config"]), seed, variant["dtype"]), variant)

    def load(implementation: str, dtype: torch.dtype) -> LlamaForCausalLM:
        return LlamaForCausalLM.from_pretrained(folder, attn_implementation=implementation, dtype=dtype).eval()

    generator = torch.Generator().manual_seed(seed + 1)
    tensors, cases = {}, {}
    for kind in variant["cases"]:
        case = make_case(kind, variant["config"]["vocab_size"], generator)
        with_gradients, with_hidden = kind in variant["gradients"], kind in variant["hidden"]
        # A fresh model per case: dynamic RoPE remembers the longest sequence it has seen.
        result = evaluate(load("eager", torch.float32), case, with_gradients, with_hidden)
        others = [evaluate(load("sdpa", torch.float32), case, with_gradients, with_hidden),
                  evaluate(load("eager", torch.float64), case, with_gradients, with_hidden)]
        if kind == "packed":
            check_documents_do_not_leak(load("eager", torch.float32), case, result["logits"])
        spread = {key: max(greatest_difference(valid_rows(key, result[key], case), valid_rows(key, other[key], case))
                           for other in others) for key in result}
        summary = {key: spread[key] for key in ("logits", "loss")}
        for group in ("grad", "hidden"):
            values = [value for key, value in spread.items() if key.startswith(f"{group}.")]
            if values:
                summary[group] = max(values)
        cases[kind] = {"gradients": with_gradients, "hidden_states": with_hidden, "loss": float(result["loss"]),
                       "labels_counted": int((case["labels"][:, 1:] != -100).sum()),
                       "spread": {key: rounded_up(value) for key, value in summary.items()}}
        tensors |= {f"{kind}.{key}": value for key, value in (case | result).items()}
    save_tensors(folder / "fixture.safetensors", tensors)
    model = load("eager", torch.float32)
    save_json(folder / "fixture.json", {
        "about": variant["about"], "seed": seed, "versions": versions("transformers", "safetensors"),
        "parameters": sum(parameter.numel() for parameter in model.parameters()),
        "rope": {"rope_type": model.config.rope_parameters["rope_type"],
                 "attention_scaling": float(model.model.rotary_emb.attention_scaling),
                 "inverse_frequencies": model.model.rotary_emb.original_inv_freq.tolist()},
        "cases": cases,
    })
    return sum(file.stat().st_size for file in folder.iterdir())


def main() -> None:
    prepare()
    total = 0
    for index, (name, variant) in enumerate(variants().items()):
        size = make_variant(name, variant, 1000 + 10 * index)
        total += size
        print(f"{name:24} {size:8d} bytes")
    print(f"{'total':24} {total:8d} bytes")


if __name__ == "__main__":
    main()
