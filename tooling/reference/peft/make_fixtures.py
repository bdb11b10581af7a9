"""Golden LoRA adapters: written by PEFT on tiny random Llama checkpoints, with what they compute.

Run: python tooling/reference/peft/make_fixtures.py
Writes packages/peft-lora/test/fixtures/: base/, base-tied/ (Hugging Face folders), <base>.safetensors (ids, labels, base
logits), adapters/<name>/ as PEFT saved them after three AdamW steps, adapters/<name>.safetensors (logits with the
adapter and, for some, the loss and its gradient for every adapter parameter under the name it is saved with),
adapters.json, and trajectory/ (a start, ten batches, ten losses, the end).
"""

import json
import shutil
import sys
import warnings
from pathlib import Path

import torch
from peft import PeftModel, get_peft_model, get_peft_model_state_dict
from safetensors.torch import load_file
from transformers import LlamaConfig, LlamaForCausalLM, get_scheduler

sys.path.append(str(Path(__file__).resolve().parents[1] / "shared"))
from adapters import adapters, lora_config, named_adapters, spectral_adapters  # noqa: E402
from fixture_io import fixtures_of, greatest_difference, prepare, rounded_up, save_json, save_tensors, versions  # noqa: E402
from tiny_llama import save_tiny_llama, tiny_llama  # noqa: E402

seed = 21
with_gradients = ("query-value", "all-linear-rslora", "lora-bias", "embedding", "dora")
shape = {"vocab_size": 96, "hidden_size": 32, "intermediate_size": 40, "num_hidden_layers": 2, "num_attention_heads": 4,
         "num_key_value_heads": 2, "max_position_embeddings": 128, "rms_norm_eps": 1e-5, "bos_token_id": 1, "eos_token_id": 2,
         "pad_token_id": 0}
bases = {"base": shape | {"attention_bias": True}, "base-tied": shape | {"tie_word_embeddings": True, "intermediate_size": 24}}


def load_base(name: str, dtype: torch.dtype = torch.float32) -> LlamaForCausalLM:
    folder = fixtures_of("peft-lora", name)
    return LlamaForCausalLM.from_pretrained(folder, attn_implementation="eager", dtype=dtype).eval()


def make_batch(generator: torch.Generator, rows: int = 2, length: int = 10) -> dict:
    ids = torch.randint(3, 96, (rows, length), generator=generator)
    mask = torch.ones_like(ids)
    mask[-1, length - 3:] = 0
    ids = ids * mask
    ignored = (torch.rand(ids.shape, generator=generator) < 0.3) | (mask == 0)
    return {"input_ids": ids, "attention_mask": mask, "labels": ids.masked_fill(ignored, -100)}


def logits_of(model, batch: dict) -> torch.Tensor:
    with torch.no_grad():
        return model.eval()(input_ids=batch["input_ids"], attention_mask=batch["attention_mask"]).logits


def train(model, batches: list, rate: float) -> None:
    optimizer = torch.optim.AdamW([value for value in model.parameters() if value.requires_grad], lr=rate, foreach=False)
    for batch in batches:
        optimizer.zero_grad()
        model.eval()(**batch).loss.backward()  # eval: no dropout
        optimizer.step()


def saved_gradients(model, batch: dict, name: str = "default") -> dict:
    """The gradient of every trained parameter, under the key that PEFT saves the parameter with."""
    model.zero_grad()
    loss = model.eval()(**batch).loss
    loss.backward()
    trained = {key: value for key, value in model.named_parameters() if value.requires_grad}
    state = {key: value.grad for key, value in trained.items()}
    complete = {**{key: torch.full_like(value, torch.nan) for key, value in model.state_dict().items()}, **state}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        named = get_peft_model_state_dict(model, state_dict=complete, adapter_name=name)
    gradients = {key: value for key, value in named.items() if not value.isnan().any()}
    assert len(gradients) == len(trained), f"{len(gradients)} of {len(trained)} gradients have a saved name"
    return {"loss": loss.reshape(1), **{f"grad.{key}": value for key, value in gradients.items()}}


def save_adapter(model: PeftModel, folder: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model.save_pretrained(folder)
    for card in folder.rglob("README.md"):
        card.unlink()
    for path in folder.rglob("adapter_config.json"):
        config = json.loads(path.read_text())
        if isinstance(config["target_modules"], list):  # A set in PEFT: its order changes from run to run.
            config["target_modules"].sort()
        path.write_text(json.dumps(config, indent=2, sort_keys=True))


def valid(tensor: torch.Tensor, batch: dict) -> torch.Tensor:
    return tensor[batch["attention_mask"].bool()]


def make_adapter(name: str, chosen: dict, batch: dict, batches: list) -> dict:
    folder = fixtures_of("peft-lora", "adapters") / name
    torch.manual_seed(seed)
    base = load_base(chosen["base"])
    base.name_or_path = f"test/fixtures/{chosen['base']}"
    before = logits_of(base, batch)
    model = get_peft_model(base, lora_config(chosen))
    assert greatest_difference(logits_of(model, batch), before) < 1e-5, "not the identity before training"
    trainable, total = model.get_nb_trainable_parameters()
    train(model, batches, 0.02)
    tensors = {"logits": logits_of(model, batch)} | (saved_gradients(model, batch) if name in with_gradients else {})
    save_adapter(model, folder)
    reloaded = PeftModel.from_pretrained(load_base(chosen["base"]), folder)
    assert greatest_difference(logits_of(reloaded, batch), tensors["logits"]) == 0, "PEFT does not read back what it wrote"
    if lora_config(chosen).bias == "none":  # PEFT cannot take trained biases out again.
        with reloaded.disable_adapter():
            assert greatest_difference(logits_of(reloaded, batch), before) == 0, "disabled is not the base"
    merged = logits_of(reloaded.merge_and_unload(safe_merge=True), batch)
    exact = logits_of(PeftModel.from_pretrained(load_base(chosen["base"], torch.float64), folder).double(), batch)
    save_tensors(folder.parent / f"{name}.safetensors", tensors)
    saved = load_file(folder / "adapter_model.safetensors")
    return {"about": chosen["about"], "base": chosen["base"], "trainable_parameters": trainable, "total_parameters": total,
            "change": greatest_difference(valid(before, batch), valid(tensors["logits"], batch)),
            "spread": {"logits": rounded_up(greatest_difference(valid(exact, batch), valid(tensors["logits"], batch))),
                       "merged": rounded_up(greatest_difference(valid(merged, batch), valid(tensors["logits"], batch)))},
            "keys": {key: list(value.shape) for key, value in sorted(saved.items())}}


def make_named(batch: dict, batches: list) -> dict:
    """Both adapters in one model, trained one after the other; saved in sub-folders named after them."""
    torch.manual_seed(seed + 1)
    model, described = None, {}
    for name, chosen in named_adapters().items():
        if model is None:
            base = load_base("base")
            base.name_or_path = "test/fixtures/base"
            model = get_peft_model(base, lora_config(chosen), adapter_name=name)
        else:
            model.add_adapter(name, lora_config(chosen))
        model.set_adapter(name)
        train(model, batches, 0.02)
        described[name] = chosen["about"]
    folder = fixtures_of("peft-lora", "adapters") / "named"
    save_adapter(model, folder)
    tensors = {}
    for name in described:
        model.set_adapter(name)
        tensors[f"logits.{name}"] = logits_of(model, batch)
    model.base_model.set_adapter(list(described))
    tensors["logits.both"] = logits_of(model, batch)
    with model.disable_adapter():
        tensors["logits.none"] = logits_of(model, batch)
    tensors["logits.both_merged"] = logits_of(model.merge_and_unload(adapter_names=list(described)), batch)
    save_tensors(folder.parent / "named.safetensors", tensors)
    return {"about": make_named.__doc__, "base": "base", "adapters": described}


def take_start_off(module: torch.nn.Module, start: str, name: str = "default") -> None:
    """In float64 what PEFT does in float32, whose singular vectors are less exact than its logits."""
    weight, rank = module.base_layer.weight.data, module.r[name]
    if start == "olora":
        Q, R = torch.linalg.qr(weight)
        part = module.scaling[name] * Q[:, :rank] @ R[:rank]
    else:
        U, S, V = torch.linalg.svd(weight, full_matrices=False)
        part = (U[:, :rank] * S[:rank]) @ V[:rank]
    module.base_layer.weight.data = weight - part


def make_spectral(batch: dict, batches: list) -> dict:
    """PEFT loads each over the original base; `with_start` is how far the logits would be off if the start stayed in the base."""
    described, tensors = {}, {}
    folder = fixtures_of("peft-lora", "adapters") / "spectral"
    for name, chosen in spectral_adapters().items():
        torch.manual_seed(seed + 3)
        base = load_base(chosen["base"])
        base.name_or_path = f"test/fixtures/{chosen['base']}"
        model = get_peft_model(base, lora_config(chosen))
        train(model, batches, 0.02)
        save_adapter(model, folder / name)
        reloaded = PeftModel.from_pretrained(load_base(chosen["base"]), folder / name)
        tensors[f"logits.{name}"] = logits_of(reloaded, batch)
        config = folder / name / "adapter_config.json"
        written = config.read_text()
        config.write_text(json.dumps(json.loads(written) | {"init_lora_weights": True}))
        over_base = PeftModel.from_pretrained(load_base(chosen["base"], torch.float64), folder / name).double()
        config.write_text(written)
        plain = logits_of(over_base, batch)
        for module in over_base.modules():
            if hasattr(module, "lora_A"):
                take_start_off(module, chosen["options"]["init_lora_weights"])
        exact = logits_of(over_base, batch)
        described[name] = {"about": chosen["about"], "base": chosen["base"],
                           "with_start": greatest_difference(valid(plain, batch), valid(tensors[f"logits.{name}"], batch)),
                           "spread": rounded_up(max(greatest_difference(valid(other, batch), valid(tensors[f"logits.{name}"], batch))
                                                    for other in (exact, logits_of(model, batch))))}
    save_tensors(folder.parent / "spectral.safetensors", tensors)
    return described


def run_trajectory(folder: Path, batches: list, settings: dict, dtype: torch.dtype, write: bool) -> tuple:
    torch.manual_seed(seed + 2)
    base = load_base("base", dtype)
    base.name_or_path = "test/fixtures/base"
    if write:
        model = get_peft_model(base, lora_config({"options": {"r": 4, "lora_alpha": 8, "target_modules": ["q_proj", "v_proj", "down_proj"]}}))
        save_adapter(model, folder / "start")
    else:
        model = PeftModel.from_pretrained(base, folder / "start", is_trainable=True).to(dtype)
    optimizer = torch.optim.AdamW([value for value in model.parameters() if value.requires_grad], foreach=False, lr=settings["learning_rate"],
                                  betas=settings["betas"], eps=settings["eps"], weight_decay=settings["weight_decay"])
    scheduler = get_scheduler(settings["scheduler"], optimizer, num_warmup_steps=settings["warmup_steps"], num_training_steps=len(batches))
    losses, norms, rates = [], [], []
    for batch in batches:
        optimizer.zero_grad()
        loss = model.eval()(**batch).loss
        loss.backward()
        norms.append(float(torch.nn.utils.clip_grad_norm_([v for v in model.parameters() if v.requires_grad], settings["max_norm"])))
        losses.append(float(loss))
        rates.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        scheduler.step()
    if write:
        save_adapter(model, folder / "end")
    return losses, norms, rates, get_peft_model_state_dict(model)


def make_trajectory(generator: torch.Generator) -> None:
    folder = fixtures_of("peft-lora", "trajectory")
    settings = {"learning_rate": 1e-2, "betas": [0.9, 0.999], "eps": 1e-8, "weight_decay": 0.01, "max_norm": 1.0, "scheduler": "linear",
                "warmup_steps": 2, "dropout": 0.0, "loss": "sum over labels that are not -100, divided by their number in the batch"}
    batches = [make_batch(generator, rows=3, length=8) for _ in range(10)]
    losses, norms, rates, end = run_trajectory(folder, batches, settings, torch.float32, True)
    exact_losses, exact_norms, _, exact_end = run_trajectory(folder, batches, settings, torch.float64, False)
    save_tensors(folder / "batches.safetensors", {key: torch.stack([batch[key] for batch in batches]) for key in batches[0]})
    save_json(folder / "trajectory.json", {
        "about": "ten AdamW steps of a LoRA adapter from start/ to end/, one batch [rows, length] a step", "seed": seed,
        "versions": versions("transformers", "peft", "safetensors"), "settings": settings, "losses": losses, "gradient_norms": norms,
        "learning_rates": rates, "losses_float64": exact_losses, "gradient_norms_float64": exact_norms,
        "spread_of_end": rounded_up(max(greatest_difference(end[key], exact_end[key]) for key in end))})


def main() -> None:
    prepare()
    warnings.simplefilter("ignore")
    root = fixtures_of("peft-lora")
    shutil.rmtree(root)
    generator = torch.Generator().manual_seed(seed)
    batch = make_batch(generator)
    batches = [make_batch(generator) for _ in range(3)]
    for index, (name, config) in enumerate(bases.items()):
        model = save_tiny_llama(fixtures_of("peft-lora", name), tiny_llama(LlamaConfig(**config), seed + index, torch.bfloat16), torch.bfloat16)
        save_tensors(root / f"{name}.safetensors", {**batch, "logits": logits_of(model, batch), "loss": model(**batch).loss.reshape(1)})
    described = {name: make_adapter(name, chosen, batch, batches) for name, chosen in adapters().items()}
    save_json(root / "adapters.json", {
        "about": "adapters written by PEFT; keys: what adapter_model.safetensors holds; change: how far the adapter moved the logits",
        "seed": seed, "versions": versions("transformers", "peft", "safetensors"), "adapters": described, "named": make_named(batch, batches), "spectral": make_spectral(batch, batches)})
    make_trajectory(generator)
    for name, entry in described.items():
        print(f"{name:20} {entry['trainable_parameters']:6d} of {entry['total_parameters']}, change {entry['change']:.3f}, spread {entry['spread']}")


if __name__ == "__main__":
    main()
