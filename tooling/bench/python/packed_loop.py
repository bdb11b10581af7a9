"""Fine-tuning by a loop written by hand in plain PyTorch, as fast as it is without custom kernels: the batches that Attune packed as one
stretch of tokens, causal attention document by document, a fused optimizer. Each request lets one optimizer step go.
"""

import json
import time
from pathlib import Path

import torch
import torch.nn.functional as F
from safetensors.torch import load_file

from serve import options, serve

settings = options()
torch.set_num_threads(settings["threads"])
started = time.perf_counter()
folder = Path(settings["model"])
config = json.loads((folder / "config.json").read_text())
data = json.loads(Path(settings["batches"]).read_text())
weights, adapter = load_file(folder / "model.safetensors"), {}
trained, scaling = list(weights.values()), 0.0
if settings["method"] == "lora":
    place = Path(settings["adapter"])
    lora = json.loads((place / "adapter_config.json").read_text())
    adapter = {name.removeprefix("base_model.model."): tensor
               for name, tensor in load_file(place / "adapter_model.safetensors").items()}
    trained, scaling = list(adapter.values()), lora["lora_alpha"] / lora["r"]
for tensor in trained:
    tensor.requires_grad_()
optimizer = torch.optim.AdamW(trained, lr=1e-4, weight_decay=0.0, fused=True)

heads, key_heads, size = config["num_attention_heads"], config["num_key_value_heads"], config["head_dim"]
frequencies = config["rope_parameters"]["rope_theta"] ** (-torch.arange(0, size, 2).float() / size)


def linear(x, name):
    y = F.linear(x, weights[f"{name}.weight"])
    if not adapter:
        return y
    return y + scaling * F.linear(F.linear(x, adapter[f"{name}.lora_A.weight"]), adapter[f"{name}.lora_B.weight"])


def norm(x, name):
    return F.rms_norm(x, x.shape[-1:], weights[f"{name}.weight"], config["rms_norm_eps"])


def rotate(x, cos, sin):
    first, second = x.chunk(2, -1)
    return torch.cat((first * cos - second * sin, second * cos + first * sin), -1)


def attention(x, name, cos, sin, lengths):
    q = rotate(linear(x, f"{name}.q_proj").view(-1, heads, size), cos, sin)
    k = rotate(linear(x, f"{name}.k_proj").view(-1, key_heads, size), cos, sin)
    v = linear(x, f"{name}.v_proj").view(-1, key_heads, size)
    documents = zip(*(tensor.transpose(0, 1)[None].split(lengths, 2) for tensor in (q, k, v)))
    outputs = [F.scaled_dot_product_attention(*each, is_causal=True, enable_gqa=True) for each in documents]
    return linear(torch.cat(outputs, 2)[0].transpose(0, 1).flatten(1), f"{name}.o_proj")


def loss_of(ids, positions, targets, lengths):
    angles = positions[:, None].float() * frequencies
    cos, sin = angles.cos()[:, None], angles.sin()[:, None]
    x = F.embedding(ids, weights["model.embed_tokens.weight"])
    for index in range(config["num_hidden_layers"]):
        name = f"model.layers.{index}"
        x = x + attention(norm(x, f"{name}.input_layernorm"), f"{name}.self_attn", cos, sin, lengths)
        y = norm(x, f"{name}.post_attention_layernorm")
        gated = F.silu(linear(y, f"{name}.mlp.gate_proj")) * linear(y, f"{name}.mlp.up_proj")
        x = x + linear(gated, f"{name}.mlp.down_proj")
    logits = F.linear(norm(x, "model.norm"), weights["model.embed_tokens.weight"])
    return F.cross_entropy(logits, targets, ignore_index=-100)


def prepared(batch):
    """Tensors of a batch without its padding, and the lengths of its documents."""
    kept = torch.tensor(batch["documents"]) >= 0
    ids, positions, targets = (torch.tensor(batch[name])[kept] for name in ("ids", "positions", "targets"))
    starts = (positions == 0).nonzero()[:, 0].tolist() + [len(ids)]
    return ids, positions, targets, [end - start for start, end in zip(starts, starts[1:])]


batches = [prepared(batch) for batch in data["batches"]]
steps = iter(range(10**9))


def step(_):
    index = next(steps) % len(batches)
    begun = time.perf_counter()
    loss = loss_of(*batches[index])
    loss.backward()
    torch.nn.utils.clip_grad_norm_(trained, 1.0)
    optimizer.step()
    optimizer.zero_grad(set_to_none=True)
    return {"seconds": time.perf_counter() - begun, "loss": loss.item(), "tokens": data["batches"][index]["tokens"]}


serve({"torch": torch.__version__, "trainable": sum(tensor.numel() for tensor in trained),
       "startSeconds": time.perf_counter() - started}, step)
