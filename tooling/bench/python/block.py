"""One block of SmolLM2-135M's size, forward and backward, by Transformers on PyTorch."""

import torch
from transformers import LlamaConfig, LlamaModel

from serve import options, seconds_of, serve

settings = options()
torch.set_num_threads(settings["threads"])
model = LlamaModel(LlamaConfig(**{**settings["config"], "attn_implementation": "sdpa"}))
ids = (torch.arange(512) % 64)[None]


def step():
    model.zero_grad(set_to_none=True)
    hidden = model(ids, use_cache=False).last_hidden_state
    (hidden * hidden).sum().backward()


serve({"torch": torch.__version__}, lambda request: {"seconds": seconds_of(step, request["seconds"])})
