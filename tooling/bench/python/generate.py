"""Prefill and decoding by Transformers: a request names how many new tokens follow the prompt."""

import time

import torch
import transformers
from transformers import AutoModelForCausalLM
from transformers.generation.streamers import BaseStreamer

from serve import options, serve

settings = options()
torch.set_num_threads(settings["threads"])
model = AutoModelForCausalLM.from_pretrained(settings["model"], dtype=torch.float32, attn_implementation="sdpa").eval()
prompt = torch.tensor([settings["prompt"]])


class Times(BaseStreamer):
    def __init__(self):
        self.times, self.prompt_seen = [], False

    def put(self, value):
        if self.prompt_seen:
            self.times.append(time.perf_counter())
        self.prompt_seen = True

    def end(self):
        pass


def work(request):
    count, times = request["tokens"], Times()
    start = time.perf_counter()
    with torch.inference_mode():
        ids = model.generate(prompt, attention_mask=torch.ones_like(prompt), do_sample=False, min_new_tokens=count,
                             max_new_tokens=count, streamer=times, pad_token_id=2)
    first, last = times.times[0], times.times[-1]
    return {"seconds": first - start if count == 1 else last - first, "ids": ids[0, prompt.shape[1]:].tolist()}


serve({"torch": torch.__version__, "transformers": transformers.__version__}, work)
