"""Fine-tuning by Transformers' Trainer with PEFT, or by TRL's SFTTrainer: each request lets one optimizer step go.

trainer: the batches that Attune packed, a row of documents each, attending within their documents only: losses compare step by step.
trl-same: these batches, as they are, through TRL's SFTTrainer; its losses compare step by step, too.
trl-packed, trl-padded: the same examples as TRL batches them, for its speed; padding does not count as tokens. TRL learns the prompts,
too, packs other rows together and lets its own sampler order them, so that these losses are those of other batches.
"""

import json
import time
from pathlib import Path

import torch
from peft import LoraConfig, PeftModel
from transformers import AutoModelForCausalLM, AutoTokenizer, Trainer, TrainerCallback, TrainingArguments

from serve import next_request, options, say

settings = options()
torch.set_num_threads(settings["threads"])
torch.manual_seed(1)
started = time.perf_counter()
data = json.loads(Path(settings["batches"]).read_text())
rows, length, lora = data["rows"], data["length"], settings["method"] == "lora"
model = AutoModelForCausalLM.from_pretrained(settings["model"], dtype=torch.float32, attn_implementation="sdpa")
tokenizer = AutoTokenizer.from_pretrained(settings["model"])
if lora:
    model = PeftModel.from_pretrained(model, settings["adapter"], is_trainable=True)


def flat(batch):
    """One row of all documents; positions that begin again at 0 are where Transformers separates them. Padding is a document too."""
    targets, ids = torch.tensor(batch["targets"]), torch.tensor(batch["ids"])
    positions = torch.tensor(batch["positions"])
    padding = torch.tensor(batch["documents"]) < 0
    run = 0
    for index in range(len(ids)):
        run = (run + 1 if index % length else 1) if padding[index] else 0
        if padding[index]:
            positions[index] = run - 1
    # Targets are the next token's; Transformers shifts labels by one itself.
    labels = torch.full_like(targets, -100)
    labels[1:] = torch.where(targets[:-1] >= 0, targets[:-1], -100)
    return {"input_ids": ids[None], "position_ids": positions[None], "labels": labels[None], "tokens": batch["tokens"]}


class Steps(TrainerCallback):
    """Waits for a request before each step, and answers after it."""

    def on_step_begin(self, args, state, control, **rest):
        if next_request() is None:
            raise SystemExit(0)
        self.begun = time.perf_counter()

    def on_step_end(self, args, state, control, **rest):
        seconds = time.perf_counter() - self.begun
        say({"seconds": seconds, "loss": state.last_loss, "tokens": state.last_tokens})


def recording(base):
    class Recording(base):
        def compute_loss(self, model, inputs, *args, **rest):
            tokens = inputs.pop("tokens", None)
            if tokens is None:
                mask = inputs.get("attention_mask")
                tokens = int(mask.sum()) if mask is not None else inputs["input_ids"].numel()
            outcome = super().compute_loss(model, inputs, *args, **rest)
            loss = outcome[0] if isinstance(outcome, tuple) else outcome
            self.state.last_loss, self.state.last_tokens = float(loss.detach()), int(tokens)
            return outcome

    return Recording


shared = {
    "output_dir": settings["scratch"], "per_device_train_batch_size": rows, "max_steps": 1000, "learning_rate": 1e-4,
    "lr_scheduler_type": "constant", "weight_decay": 0.0, "max_grad_norm": 1.0, "report_to": [], "save_strategy": "no",
    "logging_strategy": "no", "use_cpu": True, "bf16": False, "gradient_checkpointing": False, "disable_tqdm": True,
    "dataloader_pin_memory": False,
}
def in_order(base):
    class InOrder(recording(base)):
        def _get_train_sampler(self, *args, **rest):
            return torch.utils.data.SequentialSampler(self.train_dataset)

    return InOrder


alone = {**shared, "per_device_train_batch_size": 1, "remove_unused_columns": False}
if settings["kind"] == "trainer":
    trainer = in_order(Trainer)(model=model, args=TrainingArguments(**alone), callbacks=[Steps()],
                                train_dataset=[flat(batch) for batch in data["batches"]],
                                data_collator=lambda batch: batch[0])
elif settings["kind"] == "trl-same":
    from datasets import Dataset
    from trl import SFTConfig, SFTTrainer

    def collate(batch):
        return {name: value if name == "tokens" else torch.tensor(value) for name, value in batch[0].items()}

    flats = [{name: value if name == "tokens" else value.tolist() for name, value in flat(batch).items()}
             for batch in data["batches"]]
    arguments = SFTConfig(**alone, max_length=None, packing=False, loss_type="nll",
                          dataset_kwargs={"skip_prepare_dataset": True})
    trainer = in_order(SFTTrainer)(model=model, args=arguments, train_dataset=Dataset.from_list(flats),
                                   data_collator=collate, processing_class=tokenizer, callbacks=[Steps()])
else:
    from datasets import Dataset
    from trl import SFTConfig, SFTTrainer

    packed = settings["kind"] == "trl-packed"
    dataset = Dataset.from_dict({"input_ids": data["examples"]})
    count = rows if packed else settings["paddedRows"]
    arguments = SFTConfig(**{**shared, "per_device_train_batch_size": count}, max_length=length, packing=packed, loss_type="nll")
    trainer = recording(SFTTrainer)(model=model, args=arguments, train_dataset=dataset, processing_class=tokenizer,
                                    callbacks=[Steps()])

import peft, transformers, trl  # noqa: E402

say({"torch": torch.__version__, "transformers": transformers.__version__, "peft": peft.__version__, "trl": trl.__version__,
     "trainable": sum(p.numel() for p in model.parameters() if p.requires_grad), "startSeconds": time.perf_counter() - started})
trainer.train()
