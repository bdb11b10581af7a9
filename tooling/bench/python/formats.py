"""Linear layers of 256 rows by PyTorch: f32, bf16, and bitsandbytes' NF4 on the CPU."""

import bitsandbytes
import torch

from serve import options, seconds_of, serve

torch.set_num_threads(options()["threads"])
rows, inner, outer = 256, 576, 1536
x = (((torch.arange(rows * inner) * 37) % 101) / 101 - 0.5).reshape(rows, inner)
weight = (((torch.arange(outer * inner) * 37) % 101) / 101 - 0.5).reshape(outer, inner)
quantised = bitsandbytes.nn.Linear4bit(inner, outer, bias=False, compute_dtype=torch.float32, quant_type="nf4")
quantised.weight = bitsandbytes.nn.Params4bit(weight.clone(), requires_grad=False, quant_type="nf4")
quantised = quantised.to("cpu")
plain, brain = torch.nn.Linear(inner, outer, bias=False), torch.nn.Linear(inner, outer, bias=False)
plain.weight.data, brain.weight.data = weight.clone(), weight.bfloat16()
layers = {"f32": lambda: plain(x), "bf16": lambda: brain(x.bfloat16()), "4 bits": lambda: quantised(x)}


def work(request):
    layer = layers.get(request["format"])
    if layer is None:
        return {"skipped": "no such format"}
    with torch.inference_mode():
        return {"seconds": seconds_of(layer, request["seconds"])}


serve({"torch": torch.__version__, "bitsandbytes": bitsandbytes.__version__}, work)
