"""Loads an adapter folder that Attune wrote with PEFT, and compares logits.

Run: python tooling/reference/peft/check_adapter.py --model DIR --adapter DIR [--logits FILE.safetensors]
FILE holds `input_ids` [rows, length] and `logits` [rows, length, vocabulary] as Attune computed them with the adapter;
`attention_mask` is optional. Without FILE only the loading is checked. Prints one JSON document with versions; exits 1
when PEFT misses a tensor, finds one too many, or a logit differs by more than --tolerance.
"""

import argparse
import json
import sys
import tempfile
import warnings
from importlib.metadata import version
from pathlib import Path

import torch
from peft import PeftConfig, PeftModel, get_peft_model
from peft.utils.save_and_load import load_peft_weights, set_peft_model_state_dict
from safetensors.torch import load_file
from transformers import AutoModelForCausalLM


def load_base(folder: str):
    return AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32, attn_implementation="eager").eval()


def check_loading(base_folder: str, adapter_folder: str) -> dict:
    """from_pretrained only warns about keys, so the tensors are put in by hand and what did not fit is listed."""
    model = get_peft_model(load_base(base_folder), PeftConfig.from_pretrained(adapter_folder))
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        result = set_peft_model_state_dict(model, load_peft_weights(adapter_folder, device="cpu"))
    adapter_parameters = {name for name, value in model.named_parameters() if "lora_" in name or "modules_to_save" in name}
    return {"missing": sorted(adapter_parameters & set(result.missing_keys)), "unexpected": sorted(result.unexpected_keys),
            "warnings": sorted({str(entry.message) for entry in caught})}


def check_saving(model: PeftModel, adapter_folder: str) -> dict:
    """PEFT's own save of the loaded adapter must hold the same tensors, bit for bit."""
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model.save_pretrained(folder)
        theirs = load_file(Path(folder, "adapter_model.safetensors"))
    ours = load_file(Path(adapter_folder, "adapter_model.safetensors"))
    shared = sorted(set(ours) & set(theirs))
    return {"tensors": len(ours), "only_ours": sorted(set(ours) - set(theirs)), "only_theirs": sorted(set(theirs) - set(ours)),
            "changed": [key for key in shared if not torch.equal(ours[key], theirs[key])]}


def compare_logits(model: PeftModel, tensors: dict) -> dict:
    ids = tensors["input_ids"].long()
    mask = tensors.get("attention_mask", torch.ones_like(ids)).long()
    valid = mask.bool()

    def difference(candidate) -> float:
        with torch.no_grad():
            logits = candidate(input_ids=ids, attention_mask=mask).logits
        return float((logits - tensors["logits"].float())[valid].abs().max())

    adapted = difference(model)
    with model.disable_adapter():
        without = difference(model)
    return {"positions": int(valid.sum()), "greatest_difference": adapted, "greatest_difference_without_the_adapter": without,
            "greatest_difference_merged": difference(model.merge_and_unload(safe_merge=True))}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", required=True)
    parser.add_argument("--adapter", required=True)
    parser.add_argument("--logits")
    parser.add_argument("--tolerance", type=float, default=1e-3)
    options = parser.parse_args()
    report = {"versions": {name: version(name) for name in ("torch", "transformers", "peft", "safetensors")},
              "model": options.model, "adapter": options.adapter, "loading": check_loading(options.model, options.adapter)}
    model = PeftModel.from_pretrained(load_base(options.model), options.adapter).eval()
    config = model.peft_config["default"]
    report["method"] = {"peft_type": str(config.peft_type.value), "r": getattr(config, "r", None), "lora_alpha": getattr(config, "lora_alpha", None)}
    report["saving"] = check_saving(model, options.adapter)
    if options.logits:
        report["logits"] = compare_logits(model, load_file(options.logits))
    report["passed"] = not report["loading"]["missing"] and not report["loading"]["unexpected"] and not report["saving"]["changed"] and (
        not options.logits or report["logits"]["greatest_difference"] <= options.tolerance)
    print(json.dumps(report, indent=2))
    sys.exit(0 if report["passed"] else 1)


if __name__ == "__main__":
    main()
