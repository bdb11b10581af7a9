"""Loading a checkpoint as the oracle does, and reading rows: shared by score.py, generate.py and compare.py."""

import json
import sys
from importlib.metadata import version
from pathlib import Path

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer, GenerationConfig


def versions(*names: str) -> dict:
    return {name: version(name) for name in ("torch", "transformers", *names)}


def load_model(folder: str, adapter: str | None = None):
    """float32 whatever the storage: what is compared is the arithmetic, not the rounding of bfloat16 kernels."""
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32, attn_implementation="eager")
    if adapter:
        from peft import PeftModel
        model = PeftModel.from_pretrained(model, adapter)
    return model.eval()


def forget_lengths(model) -> None:
    """Dynamic RoPE keeps the frequencies of the longest row so far; each row has to be computed as if it were the first."""
    for module in model.modules():
        if hasattr(module, "original_inv_freq"):
            module.register_buffer("inv_freq", module.original_inv_freq.clone(), persistent=False)
            module.max_seq_len_cached = module.original_max_seq_len


def load_tokenizer(folder: str):
    has_tokenizer = any(Path(folder, name).exists() for name in ("tokenizer.json", "tokenizer.model", "vocab.json"))
    return AutoTokenizer.from_pretrained(folder) if has_tokenizer else None


def read_rows(path: str) -> list:
    text = sys.stdin.read() if path == "-" else Path(path).read_text(encoding="utf-8")
    return [json.loads(line) for line in text.splitlines() if line.strip()]


def adds_bos(tokenizer) -> bool:
    first = tokenizer("a").input_ids[:1]
    return tokenizer.bos_token_id is not None and first == [tokenizer.bos_token_id]


def encode(tokenizer, text: str) -> list:
    return tokenizer(text, add_special_tokens=False).input_ids


def prompt_ids(tokenizer, row: dict) -> list:
    """prompt_ids as they are; a prompt without special tokens, a BOS in front only if the tokenizer adds one; messages through the template."""
    if "prompt_ids" in row:
        return row["prompt_ids"]
    if "messages" in row:
        return list(tokenizer.apply_chat_template(row["messages"], add_generation_prompt=True, return_dict=True)["input_ids"])
    return ([tokenizer.bos_token_id] if adds_bos(tokenizer) else []) + encode(tokenizer, row["prompt"])


def completion_ids(tokenizer, row: dict) -> list:
    return row["completion_ids"] if "completion_ids" in row else encode(tokenizer, row["completion"])


def end_ids(folder: str, model) -> list:
    """generation_config.json decides, config.json otherwise."""
    config = model.config
    if Path(folder, "generation_config.json").exists():
        config = GenerationConfig.from_pretrained(folder)
    value = config.eos_token_id
    return [] if value is None else value if isinstance(value, list) else [value]
