"""Two random Llama-type checkpoints with real tokenizers, larger and odder than the fixtures: for `compare.py`.

Run: python tooling/reference/checkpoints/make_checkpoints.py --text FILE --output DIR
llama3-like/: byte-level BPE with Llama 3's expression and ignore_merges, a BOS from the post-processor, several end tokens,
  a chat template in tokenizer_config.json, llama3 RoPE in the old spelling, head_dim that is not hidden / heads, float32, shards.
tied-bf16/: GPT-2's expression with single digits, no BOS, ChatML in chat_template.jinja, linear RoPE in the new spelling, biases,
  tied embeddings, bfloat16.
FILE is any UTF-8 text: the tokenizers are trained on it.
"""

import argparse
import json
import sys
from pathlib import Path

import torch
from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, pre_tokenizers, processors, trainers
from transformers import LlamaConfig

sys.path.append(str(Path(__file__).resolve().parents[1] / "shared"))
from fixture_io import prepare, save_json  # noqa: E402
from tiny_llama import tiny_llama  # noqa: E402

llama3_expression = (r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+")
llama3_template = (
    "{{ bos_token }}{% for message in messages %}{{ '<|start_header_id|>' + message['role'] + '<|end_header_id|>\n\n' + message['content'] | trim"
    " + '<|eot_id|>' }}{% endfor %}{% if add_generation_prompt %}{{ '<|start_header_id|>assistant<|end_header_id|>\n\n' }}{% endif %}")
chatml_template = (
    "{% for message in messages %}{% if loop.first and messages[0]['role'] != 'system' %}{{ '<|im_start|>system\nYou are helpful.<|im_end|>\n' }}"
    "{% endif %}{{ '<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>\n' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}")


def train_tokenizer(text: Path, size: int, special: list, splitter, ignore_merges: bool) -> Tokenizer:
    tokenizer = Tokenizer(models.BPE(ignore_merges=ignore_merges))
    tokenizer.pre_tokenizer = splitter
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(vocab_size=size, initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False)
    tokenizer.train([str(text)], trainer)
    tokenizer.add_special_tokens([AddedToken(token, special=True, normalized=False) for token in special])
    return tokenizer


def llama3_like(text: Path, folder: Path) -> None:
    special = ["<|begin_of_text|>", "<|end_of_text|>", "<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>", "<|finetune_right_pad_id|>"]
    splitter = pre_tokenizers.Sequence([pre_tokenizers.Split(Regex(llama3_expression), "isolated"),
                                        pre_tokenizers.ByteLevel(add_prefix_space=False, trim_offsets=True, use_regex=False)])
    tokenizer = train_tokenizer(text, 1500, special, splitter, ignore_merges=True)
    begin = tokenizer.token_to_id(special[0])
    tokenizer.post_processor = processors.Sequence([
        processors.ByteLevel(trim_offsets=False),
        processors.TemplateProcessing(single=f"{special[0]} $A", pair=f"{special[0]} $A {special[0]}:1 $B:1", special_tokens=[(special[0], begin)])])
    end, turn, pad = (tokenizer.token_to_id(token) for token in (special[1], special[4], special[5]))
    scaling = {"factor": 8.0, "high_freq_factor": 4.0, "low_freq_factor": 1.0, "original_max_position_embeddings": 64, "rope_type": "llama3"}
    config = {"vocab_size": tokenizer.get_vocab_size(), "hidden_size": 192, "intermediate_size": 520, "num_hidden_layers": 5,
              "num_attention_heads": 6, "num_key_value_heads": 2, "head_dim": 48, "max_position_embeddings": 512, "rms_norm_eps": 1e-5,
              "bos_token_id": begin, "eos_token_id": [end, turn], "tie_word_embeddings": False}
    model = tiny_llama(LlamaConfig(**config, rope_parameters=scaling | {"rope_theta": 500000.0}), 101)
    model.config.pad_token_id = pad
    model.save_pretrained(folder, max_shard_size="2MB")
    published = {"architectures": ["LlamaForCausalLM"], "model_type": "llama", "hidden_act": "silu", "attention_bias": False, "mlp_bias": False,
                 "attention_dropout": 0.0, "initializer_range": 0.02, "pretraining_tp": 1, "use_cache": True, "torch_dtype": "float32",
                 "transformers_version": "4.45.0", **config, "rope_scaling": scaling, "rope_theta": 500000.0}
    save_json(folder / "config.json", published)
    save_json(folder / "generation_config.json", {"bos_token_id": begin, "eos_token_id": [end, turn], "pad_token_id": pad, "do_sample": True,
                                                  "temperature": 0.6, "top_p": 0.9})
    tokenizer.save(str(folder / "tokenizer.json"))
    save_json(folder / "tokenizer_config.json", {
        "added_tokens_decoder": {str(tokenizer.token_to_id(token)): {"content": token, "lstrip": False, "normalized": False, "rstrip": False,
                                                                     "single_word": False, "special": True} for token in special},
        "bos_token": special[0], "eos_token": special[4], "pad_token": special[5], "chat_template": llama3_template, "clean_up_tokenization_spaces": False,
        "model_input_names": ["input_ids", "attention_mask"], "model_max_length": 512, "tokenizer_class": "PreTrainedTokenizerFast"})


def tied_bf16(text: Path, folder: Path) -> None:
    special = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
    splitter = pre_tokenizers.Sequence([pre_tokenizers.Digits(individual_digits=True),
                                        pre_tokenizers.ByteLevel(add_prefix_space=False, trim_offsets=True, use_regex=True)])
    tokenizer = train_tokenizer(text, 2000, special, splitter, ignore_merges=False)
    ids = {token: tokenizer.token_to_id(token) for token in special}
    # The table is padded beyond the vocabulary, as published models do: these ids have no text.
    config = LlamaConfig(vocab_size=2048, hidden_size=160, intermediate_size=432, num_hidden_layers=4, num_attention_heads=5, num_key_value_heads=5,
                         max_position_embeddings=1024, rms_norm_eps=1e-6, tie_word_embeddings=True, attention_bias=True, mlp_bias=True,
                         bos_token_id=ids["<|im_start|>"], eos_token_id=ids["<|im_end|>"], pad_token_id=ids["<|endoftext|>"],
                         rope_parameters={"rope_type": "linear", "factor": 2.0, "rope_theta": 20000.0})
    tiny_llama(config, 102, torch.bfloat16).to(torch.bfloat16).save_pretrained(folder)
    tokenizer.save(str(folder / "tokenizer.json"))
    (folder / "chat_template.jinja").write_text(chatml_template, encoding="utf-8")
    save_json(folder / "tokenizer_config.json", {"bos_token": "<|im_start|>", "eos_token": "<|im_end|>", "pad_token": "<|endoftext|>",
                                                 "unk_token": "<|endoftext|>", "clean_up_tokenization_spaces": False,
                                                 "model_max_length": 1024, "tokenizer_class": "PreTrainedTokenizerFast"})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--text", type=Path, required=True)
    parser.add_argument("--output", type=Path, required=True)
    options = parser.parse_args()
    prepare()
    made = {"llama3-like": llama3_like, "tied-bf16": tied_bf16}
    for name, build in made.items():
        (options.output / name).mkdir(parents=True, exist_ok=True)
        build(options.text, options.output / name)
    print(json.dumps({name: sorted(file.name for file in (options.output / name).iterdir()) for name in made}))


if __name__ == "__main__":
    main()
