"""Tiny random Llama checkpoints with weights large enough that every term matters.

The default initialisation (std 0.02) leaves attention nearly uniform and hides errors, so linears get
std 1/sqrt(in), embeddings std 1, norm weights spread around 1 and biases std 0.3.
"""

from pathlib import Path

import torch
from fixture_io import save_json, save_tensors
from transformers import LlamaConfig, LlamaForCausalLM


def tiny_llama(config: LlamaConfig, seed: int, dtype: torch.dtype = torch.float32) -> LlamaForCausalLM:
    """A float32 model whose values are exact in `dtype`, the type it will be stored in."""
    model = LlamaForCausalLM._from_config(config, attn_implementation="eager", dtype=torch.float32)
    return fill_randomly(model, seed, dtype)


def fill_randomly(model, seed: int, dtype: torch.dtype = torch.float32):
    """Values exact in `dtype`, drawn parameter by parameter."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            noise = torch.randn(parameter.shape, generator=generator)
            if "norm" in name:
                value = 1 + 0.2 * noise
            elif name.endswith("bias"):
                value = 0.3 * noise
            elif "embed_tokens" in name:
                value = noise if not model.config.tie_word_embeddings else 0.5 * noise
            else:
                value = 1.4 * noise / parameter.shape[1] ** 0.5
            parameter.copy_(value.to(dtype).float())
    return model.eval()


def save_tiny_llama(folder: Path, model: LlamaForCausalLM, dtype: torch.dtype) -> LlamaForCausalLM:
    """Writes a Hugging Face folder without keys that say nothing, and reads it back in float32."""
    keys = ("vocab_size", "hidden_size", "intermediate_size", "num_hidden_layers", "num_attention_heads", "num_key_value_heads",
            "max_position_embeddings", "rms_norm_eps", "tie_word_embeddings", "bos_token_id", "eos_token_id", "pad_token_id",
            "head_dim", "hidden_act", "rope_parameters", "attention_bias", "mlp_bias", "model_type")
    config = model.config.to_dict()
    folder.mkdir(parents=True, exist_ok=True)
    save_json(folder / "config.json", {"architectures": ["LlamaForCausalLM"], "dtype": str(dtype).removeprefix("torch."),
                                       **{key: config[key] for key in keys}})
    state = {name: tensor.to(dtype) for name, tensor in model.state_dict().items()
             if not (config["tie_word_embeddings"] and name == "lm_head.weight")}
    save_tensors(folder / "model.safetensors", state)
    return LlamaForCausalLM.from_pretrained(folder, attn_implementation="eager", dtype=torch.float32).eval()
