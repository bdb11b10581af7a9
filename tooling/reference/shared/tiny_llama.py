"""Tiny random Llama checkpoints with weights large enough that every term matters.

The default initialisation (std 0.02) leaves attention nearly uniform and hides errors, so linears get
std 1/sqrt(in), embeddings std 1, norm weights spread around 1 and biases std 0.3.
"""

import torch
from transformers import LlamaConfig, LlamaForCausalLM


def tiny_llama(config: LlamaConfig, seed: int, dtype: torch.dtype = torch.float32) -> LlamaForCausalLM:
    """A float32 model whose values are exact in `dtype`, the type it will be stored in."""
    generator = torch.Generator().manual_seed(seed)
    model = LlamaForCausalLM._from_config(config, attn_implementation="eager", dtype=torch.float32)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            noise = torch.randn(parameter.shape, generator=generator)
            if "norm" in name:
                value = 1 + 0.2 * noise
            elif name.endswith("bias"):
                value = 0.3 * noise
            elif "embed_tokens" in name:
                value = noise if not config.tie_word_embeddings else 0.5 * noise
            else:
                value = 1.4 * noise / parameter.shape[1] ** 0.5
            parameter.copy_(value.to(dtype).float())
    return model.eval()
