"""Small additions by PyTorch, one call after the other: what a call costs by itself."""

import torch

from serve import options, seconds_of, serve

settings = options()
torch.set_num_threads(settings["threads"])
step, count = torch.ones(64), settings["dispatches"]


def work():
    value = step
    for _ in range(count):
        value = value + step


with torch.inference_mode():
    serve({"torch": torch.__version__}, lambda request: {"seconds": seconds_of(work, request["seconds"]) / count})
