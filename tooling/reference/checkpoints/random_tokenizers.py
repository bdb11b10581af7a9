"""Eight styles of tokenizer.json for random checkpoints, none of which is a fixture of the repository.

Each style is a function of a text file and a vocabulary size; it gives the tokenizer, the special tokens by role as
tokenizer_config.json names them, and further fields of that file.
"""

from pathlib import Path

from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers

llama3_expression = (r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+")
qwen2_expression = llama3_expression.replace(r"\p{N}{1,3}", r"\p{N}")
chatml = ("{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>\n' }}{% endfor %}"
          "{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}")
inst = ("{{ bos_token }}{% for message in messages %}{% if message.role == 'user' %}[INST] {{ message.content }} [/INST]{% else %}"
        "{{ message.content }}{{ eos_token }}{% endif %}{% endfor %}")


def special(token: str, **options) -> AddedToken:
    return AddedToken(token, special=True, normalized=False, **options)


def byte_level(text: Path, size: int, splitters: list, use_regex: bool, added: list, **model) -> Tokenizer:
    tokenizer = Tokenizer(models.BPE(**model))
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([*splitters, pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=use_regex)])
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(vocab_size=size, initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False)
    tokenizer.train([str(text)], trainer)
    tokenizer.add_special_tokens(added)
    return tokenizer


def split(expression: str) -> pre_tokenizers.Split:
    return pre_tokenizers.Split(Regex(expression), "isolated")


def begins(tokenizer: Tokenizer, token: str, end: str | None = None) -> processors.TemplateProcessing:
    known = [(name, tokenizer.token_to_id(name)) for name in (token, end) if name]
    after = f" {end}" if end else ""
    return processors.TemplateProcessing(single=f"{token} $A{after}", pair=f"{token} $A{after} $B:1{after}", special_tokens=known)


def gpt2(text: Path, size: int) -> tuple:
    tokenizer = byte_level(text, size, [], True, [special("<|endoftext|>")])
    tokenizer.post_processor = processors.ByteLevel(trim_offsets=False)
    return tokenizer, {"bos_token": "<|endoftext|>", "eos_token": "<|endoftext|>", "unk_token": "<|endoftext|>"}, {}


def gpt2_with_bos(text: Path, size: int) -> tuple:
    tokenizer = byte_level(text, size, [], True, [special("<s>"), special("</s>"), special("<pad>")])
    tokenizer.post_processor = begins(tokenizer, "<s>")
    return tokenizer, {"bos_token": "<s>", "eos_token": "</s>", "pad_token": "<pad>"}, {"chat_template": inst}


def llama3(text: Path, size: int) -> tuple:
    tokenizer = byte_level(text, size, [split(llama3_expression)], False,
                           [special("<|begin_of_text|>"), special("<|end_of_text|>"), special("<|im_start|>"), special("<|im_end|>")], ignore_merges=True)
    tokenizer.post_processor = processors.Sequence([processors.ByteLevel(trim_offsets=False), begins(tokenizer, "<|begin_of_text|>")])
    return tokenizer, {"bos_token": "<|begin_of_text|>", "eos_token": "<|end_of_text|>"}, {"chat_template": "{{ bos_token }}" + chatml}


def qwen2(text: Path, size: int) -> tuple:
    tokenizer = byte_level(text, size, [split(qwen2_expression)], False,
                           [special("<|endoftext|>"), special("<|im_start|>"), special("<|im_end|>")])
    tokenizer.normalizer = normalizers.NFC()
    tokenizer.post_processor = processors.ByteLevel(trim_offsets=False)
    return tokenizer, {"eos_token": "<|im_end|>", "pad_token": "<|endoftext|>"}, {"add_bos_token": False, "bos_token": None, "chat_template": chatml}


def deepseek(text: Path, size: int) -> tuple:
    """Several expressions one after the other, then digits."""
    splitters = [split(r"[\r\n]"), split(r"\s?\p{L}+"), split(r"\s?\p{P}+"), split(r"[一-龥ࠀ-一가-퟿]+"), pre_tokenizers.Digits(individual_digits=True)]
    tokenizer = byte_level(text, size, splitters, False, [special("<｜begin▁of▁sentence｜>"), special("<｜end▁of▁sentence｜>")])
    tokenizer.post_processor = begins(tokenizer, "<｜begin▁of▁sentence｜>")
    return tokenizer, {"bos_token": "<｜begin▁of▁sentence｜>", "eos_token": "<｜end▁of▁sentence｜>"}, {"add_bos_token": True, "add_eos_token": False}


def falcon(text: Path, size: int) -> tuple:
    """Punctuation apart, runs of digits in threes, added tokens that take white space with them."""
    splitters = [pre_tokenizers.Punctuation("contiguous"), split("[0-9][0-9][0-9]"), pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True)]
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([splitters[0], splitters[2], pre_tokenizers.Digits(individual_digits=False), splitters[1]])
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(vocab_size=size, initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False)
    tokenizer.train([str(text)], trainer)
    tokenizer.add_special_tokens([special(">>TITLE<<", lstrip=True, rstrip=True), special("<|endoftext|>")])
    tokenizer.add_tokens([AddedToken("committee", single_word=True), AddedToken("  two", normalized=False)])
    return tokenizer, {"eos_token": "<|endoftext|>"}, {}


def llama2(text: Path, size: int) -> tuple:
    """Characters with byte fallback behind a normalizer that writes spaces as signs, from Llama 2's conversion."""
    base = Tokenizer(models.BPE())
    base.pre_tokenizer = pre_tokenizers.Metaspace("▁", prepend_scheme="always", split=True)
    base.train([str(text)], trainers.BpeTrainer(vocab_size=size, show_progress=False, limit_alphabet=80))
    vocabulary = base.get_vocab()
    merges = [tuple(merge) for merge in __import__("json").loads(base.to_str())["model"]["merges"]]
    names = ["<unk>", "<s>", "</s>", *(f"<0x{byte:02X}>" for byte in range(256)), *sorted(vocabulary, key=vocabulary.get)]
    tokenizer = Tokenizer(models.BPE({name: index for index, name in enumerate(dict.fromkeys(names))}, merges, unk_token="<unk>", fuse_unk=True,
                                     byte_fallback=True))
    tokenizer.normalizer = normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")])
    tokenizer.decoder = decoders.Sequence([decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse(), decoders.Strip(" ", 1, 0)])
    tokenizer.add_special_tokens([special("<unk>"), special("<s>"), special("</s>")])
    tokenizer.post_processor = begins(tokenizer, "<s>")
    return tokenizer, {"bos_token": "<s>", "eos_token": "</s>", "unk_token": "<unk>"}, {"chat_template": inst, "legacy": False}


def lower_case(text: Path, size: int) -> tuple:
    """Accents and capitals are lost, spaces at the ends too; every text also gets an end."""
    tokenizer = byte_level(text, size, [split(r"\p{N}"), split(llama3_expression)], False, [special("[BOS]"), special("[EOS]")])
    tokenizer.normalizer = normalizers.Sequence([normalizers.NFD(), normalizers.StripAccents(), normalizers.Lowercase(), normalizers.Replace(Regex(r" {2,}"), " ")])
    tokenizer.post_processor = begins(tokenizer, "[BOS]", "[EOS]")
    return tokenizer, {"bos_token": "[BOS]", "eos_token": "[EOS]"}, {}


styles = {"gpt2": gpt2, "gpt2-bos": gpt2_with_bos, "llama3": llama3, "qwen2": qwen2, "deepseek": deepseek, "falcon": falcon, "llama2": llama2,
          "lower-case": lower_case}
