"""Writes packages/tokenizer-bpe/test/fixtures (tokenizers of every style Attune reads, with what huggingface/tokenizers
does with random Unicode strings) and packages/tokenizer-core/test/fixtures (single components with their results).

Run:  pip install tokenizers==0.23.3 && python tooling/reference/tokenizers/make_fixtures.py
Offsets are converted from code points to UTF-16 units, which is what Attune counts in.
"""
import json
import random
from collections import Counter
from pathlib import Path

import tokenizers
from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers

PACKAGES = Path(__file__).parents[3] / "packages"
SEED = 20241
LLAMA3 = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
QWEN2 = LLAMA3.replace(r"\p{N}{1,3}", r"\p{N}")
CL100K = r"'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]++[\r\n]*|\s*[\r\n]|\s+(?!\S)|\s+"
O200K = "|".join([
    r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?",
    r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?",
    r"\p{N}{1,3}", r" ?[^\s\p{L}\p{N}]+[\r\n/]*", r"\s*[\r\n]+", r"\s+(?!\S)", r"\s+"])

CORPUS = """The quick brown fox jumps over the lazy dog. The dog's bone isn't there; they've said it'll be fine, I'm sure!
We'd counted 1234567 of them in 2024, or 3.14159 per cent. HELLO World, hello world, HeLLo wORLD. It'S CAN'T YOU'RE.
    def encode(self, text: str) -> list[int]:\n        return [self.vocab[t] for t in text.split()]  # naïve café
Größe, Straße, fußläufig; été, garçon, œuvre, mañana, año 2023. Привет, мир! Как дела? Γειά σου Κόσμε.
日本語のテキストと中文文本，混在する。한국어 텍스트도 있습니다. ภาษาไทย เป็นภาษา. नमस्ते दुनिया। مرحبا بالعالم
🦙 llama emoji 👩‍👩‍👧‍👦 and 🇩🇪 flags, ½ ² Ⅷ ① ﬁ ligature ａｂｃ full width.   Many   spaces\t\ttabs\n\n\nlines.
""".replace("\\n", "\n").split("\n")

ALPHABETS = [
    "abcdefghij ABC ", "'sSTtREreLlvVdDmM ", "0123456789 ", " \t\n\r\u00a0\u0085\u2003\u3000\ufeff", "!?.,;:-_()[]{}<>/\\|@#$%^&*+=~`\"'",
    "éèüöäßñçœÅåſK", "e\u0301a\u0308\u0327o\u0302", "Привет мирΓειάσς", "日本語中文한국어가각ᄀ ᅡ ᆨ", "ภาษไทย नमस्तेدنيا", "🦙👩‍👧🇩🇪😀\U0001d400", "½²Ⅷ①٣ﬁａＡ１",
    "▁Ġ Ċ", "\u200b\u200c\u200d\u2060\u00ad", "\ufffd\x00\x01\x7f"]
SPECIALS = ["<s>", "</s>", "<|endoftext|>", "<|im_start|>", "<pad>", "[MASK]", "<x", "abc"]


def strings(count, seed):
    rng = random.Random(seed)
    made = ["", " ", "  ", "a", "Hello World", " hello  world ", "It's CAN'T we'LL", "\n\n x\r\n", "naïve café 1234567", "🦙.cpp 日本",
            "<s> hello</s>", "x <|endoftext|>  y", "▁a ▁▁b", "   \n\n  leading", "don’t stop", "I'ſ 'ſ", "[MASK] a[MASK]b [MASK]"]
    while len(made) < count:
        parts = []
        for _ in range(rng.randint(1, 7)):
            alphabet = rng.choice(ALPHABETS)
            parts.append("".join(rng.choice(alphabet) for _ in range(rng.randint(1, 6))))
            if rng.random() < 0.12:
                parts.append(rng.choice(SPECIALS))
            if rng.random() < 0.4:
                parts.append(" ")
        made.append("".join(parts))
    return made


def utf16(text):
    """Offset in UTF-16 units of each code point."""
    places = [0]
    for character in text:
        places.append(places[-1] + (2 if ord(character) > 0xFFFF else 1))
    return places


def offsets16(text, offsets):
    places = utf16(text)
    return [[places[start], places[end]] for start, end in offsets]


def split(pattern, behavior="isolated", invert=False):
    return pre_tokenizers.Split(Regex(pattern), behavior=behavior, invert=invert)


def byte_level(**options):
    return pre_tokenizers.ByteLevel(add_prefix_space=False, **options)


def train(tokenizer, size, **options):
    trainer = trainers.BpeTrainer(vocab_size=size, min_frequency=1, show_progress=False, **options)
    tokenizer.train_from_iterator(CORPUS, trainer)
    return tokenizer


def learn(special, spell, join, count):
    """A vocabulary with symbols of other spelling. The library's trainer numbers those in the order of a hash map."""
    words = [spell(word) for line in CORPUS[:5] for word in line.lower().split()]
    tokens, merges = special + sorted({symbol for word in words for symbol in word}), []
    while len(merges) < count:
        pairs = Counter(pair for word in words for pair in zip(word, word[1:]))
        left, right = max(pairs, key=lambda pair: (pairs[pair], pair))
        merges.append((left, right))
        tokens += [join(left, right)] if join(left, right) not in tokens else []
        for word in words:
            for place in range(len(word) - 2, -1, -1):
                if word[place:place + 2] == [left, right]:
                    word[place:place + 2] = [join(left, right)]
    return {token: index for index, token in enumerate(tokens)}, merges


def bytes_tokenizer(pre, size=420, **model):
    """Trained byte-level BPE; the model is built again from its vocabulary to set what a trainer does not."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre
    train(tokenizer, size, initial_alphabet=pre_tokenizers.ByteLevel.alphabet())
    trained = json.loads(tokenizer.to_str())["model"]
    tokenizer.model = models.BPE(trained["vocab"], [tuple(pair) for pair in trained["merges"]], **model)
    tokenizer.decoder = decoders.ByteLevel()
    return tokenizer


def gpt2():
    tokenizer = bytes_tokenizer(byte_level())
    tokenizer.post_processor = processors.ByteLevel(trim_offsets=False)
    tokenizer.add_special_tokens(["<|endoftext|>"])
    return tokenizer


def smollm2():
    tokenizer = bytes_tokenizer(pre_tokenizers.Sequence([pre_tokenizers.Digits(individual_digits=True), byte_level()]))
    tokenizer.add_special_tokens(["<|endoftext|>", "<|im_start|>", "<|im_end|>"])
    return tokenizer


def llama3():
    tokenizer = bytes_tokenizer(pre_tokenizers.Sequence([split(LLAMA3), byte_level(use_regex=False)]), ignore_merges=True)
    tokenizer.add_special_tokens(["<s>", "</s>", "<|endoftext|>"])
    bos = tokenizer.token_to_id("<s>")
    template = processors.TemplateProcessing(single="<s> $A", pair="<s> $A <s>:1 $B:1", special_tokens=[("<s>", bos)])
    tokenizer.post_processor = processors.Sequence([processors.ByteLevel(trim_offsets=False), template])
    return tokenizer


def qwen2():
    tokenizer = bytes_tokenizer(pre_tokenizers.Sequence([split(QWEN2), byte_level(use_regex=False)]))
    tokenizer.normalizer = normalizers.NFC()
    tokenizer.add_special_tokens(["<|endoftext|>", "<|im_start|>"])
    tokenizer.post_processor = processors.ByteLevel(trim_offsets=False)
    return tokenizer


def cl100k():
    return bytes_tokenizer(pre_tokenizers.Sequence([split(CL100K, "removed", True), byte_level(use_regex=False)]))


def o200k():
    return bytes_tokenizer(pre_tokenizers.Sequence([split(O200K), byte_level(use_regex=False)]), ignore_merges=True)


def roberta():
    tokenizer = bytes_tokenizer(pre_tokenizers.ByteLevel(add_prefix_space=True))
    tokenizer.add_special_tokens(["<s>", "</s>", AddedToken("[MASK]", lstrip=True, special=True)])
    sep, cls = [(name, tokenizer.token_to_id(name)) for name in ("</s>", "<s>")]
    tokenizer.post_processor = processors.RobertaProcessing(sep, cls, trim_offsets=True, add_prefix_space=True)
    return tokenizer


def llama2(metaspace=False):
    signs = [pre_tokenizers.Metaspace("▁", prepend_scheme="first", split=False)]
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace("▁", prepend_scheme="always", split=True)
    train(tokenizer, 430)
    trained = json.loads(tokenizer.to_str())["model"]
    special = ["<unk>", "<s>", "</s>"] + [f"<0x{byte:02X}>" for byte in range(256)]
    kept = {token for token in trained["vocab"] if ord(token[0]) < 0x2600}
    merges = [tuple(pair) for pair in trained["merges"] if {*pair, "".join(pair)} <= kept]
    tokens = special + sorted(kept, key=trained["vocab"].get)
    vocab = {token: index for index, token in enumerate(tokens)}
    tokenizer = Tokenizer(models.BPE(vocab, merges, unk_token="<unk>", fuse_unk=True, byte_fallback=True))
    if metaspace:
        tokenizer.pre_tokenizer = signs[0]
    else:
        tokenizer.normalizer = normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")])
    tokenizer.decoder = decoders.Sequence(
        [decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse(), decoders.Strip(" ", 1, 0)])
    tokenizer.add_special_tokens([AddedToken(token, normalized=False, special=True) for token in special[:3]])
    tokenizer.post_processor = processors.TemplateProcessing(single="<s> $A", pair="<s> $A $B", special_tokens=[("<s>", 1)])
    return tokenizer


def clip():
    """Words with a suffix, lower case, unknown characters, added tokens of every kind."""
    vocab, merges = learn(["<unk>", "<pad>"], lambda word: [*word[:-1], word[-1] + "</w>"], lambda left, right: left + right, 150)
    tokenizer = Tokenizer(models.BPE(vocab, merges, unk_token="<unk>", end_of_word_suffix="</w>", fuse_unk=False))
    tokenizer.normalizer = normalizers.Sequence([normalizers.NFC(), normalizers.Lowercase(), normalizers.Strip()])
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.decoder = decoders.BPEDecoder(suffix="</w>")
    tokenizer.add_special_tokens(["<unk>", "<pad>"])
    tokenizer.add_tokens([AddedToken("abc", single_word=True), AddedToken("[MASK]", lstrip=True, rstrip=True, normalized=False),
                          AddedToken("hello", normalized=True)])
    return tokenizer


def prefixed():
    vocab, merges = learn(["<unk>"], lambda word: [word[0], *("##" + character for character in word[1:])], lambda left, right: left + right[2:], 150)
    tokenizer = Tokenizer(models.BPE(vocab, merges, unk_token="<unk>", continuing_subword_prefix="##", fuse_unk=True))
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.WhitespaceSplit(), pre_tokenizers.Punctuation()])
    tokenizer.add_special_tokens(["<unk>"])
    return tokenizer


def case(tokenizer, text):
    plain = tokenizer.encode(text, add_special_tokens=False)
    ids = tokenizer.encode(text, add_special_tokens=True).ids
    made = {"text": text, "ids": plain.ids, "offsets": offsets16(text, plain.offsets),
            "decoded": tokenizer.decode(plain.ids, skip_special_tokens=False)}
    if ids != plain.ids:
        made["withSpecial"] = ids
    tokenizer.encode_special_tokens = True
    unparsed = tokenizer.encode(text, add_special_tokens=False).ids
    tokenizer.encode_special_tokens = False
    if unparsed != plain.ids:
        made["unparsed"] = unparsed
    return made


STYLES = {"gpt2": gpt2, "smollm2": smollm2, "llama3": llama3, "qwen2": qwen2, "cl100k": cl100k, "o200k": o200k, "roberta": roberta,
          "llama2": llama2, "llama-metaspace": lambda: llama2(True), "clip": clip, "prefixed": prefixed}

PRE_TOKENIZERS = {
    "ByteLevel": byte_level(), "ByteLevel prefix": pre_tokenizers.ByteLevel(), "ByteLevel whole": byte_level(use_regex=False),
    "Whitespace": pre_tokenizers.Whitespace(), "WhitespaceSplit": pre_tokenizers.WhitespaceSplit(), "Digits": pre_tokenizers.Digits(),
    "Digits each": pre_tokenizers.Digits(True), "Punctuation": pre_tokenizers.Punctuation(), "Bert": pre_tokenizers.BertPreTokenizer(),
    "CharDelimiterSplit": pre_tokenizers.CharDelimiterSplit("a"),
    **{f"Punctuation {b}": pre_tokenizers.Punctuation(b) for b in ("removed", "merged_with_previous", "merged_with_next", "contiguous")},
    **{f"Split {b} {i}": split(r"\s+|[a-c]", b, i) for b in ("removed", "isolated", "merged_with_previous", "merged_with_next", "contiguous")
       for i in (False, True)},
    "Split string": pre_tokenizers.Split(" ", "merged_with_previous"),
    **{f"Metaspace {s} {c}": pre_tokenizers.Metaspace("▁", s, c) for s in ("always", "first", "never") for c in (True, False)},
    "bytes then digits": pre_tokenizers.Sequence([byte_level(), pre_tokenizers.Digits(True)]),
    **{f"regex {p}": split(p) for p in (
        r"\w+", r"\d+|\D+", r"\b", r"^.+$", r"(?i)hello|ß|k", r"[[:punct:]]+", r"[[:alpha:]]+|[[:^space:]]", r"\p{Han}+|\p{Hiragana}+", r"\p{^L}+",
        r"[^(\s|[.,!?…。，、।۔،])]+", r"(?>a|ab)c|.", r"[\p{L}&&[^a-d]]+", r"\h+", r"\x61\x{62}?|\u00e9", r"a{,2}b", r"(?<=a).|(?<!\s)\s(?=\S)",
        r"\p{N}{1,3}(?=(?:\p{N}{3})*(?:\P{N}|$))", r"\R", r"[\w-]+", r"a++b|\s*+\n", r"\S+\z|\A\S", r"(?:a|b)+?c?", r"[a-z&&aeiou]", r"\-|\_|\/")},
}

NORMALIZERS = {
    "NFC": normalizers.NFC(), "NFD": normalizers.NFD(), "NFKC": normalizers.NFKC(), "NFKD": normalizers.NFKD(), "Lowercase": normalizers.Lowercase(),
    "Strip": normalizers.Strip(), "Strip left": normalizers.Strip(right=False), "StripAccents": normalizers.StripAccents(),
    "Replace": normalizers.Replace("a", "xyz"), "Replace two": normalizers.Replace("  ", "▁"), "Replace regex": normalizers.Replace(Regex(r"\s+"), " "),
    "Prepend": normalizers.Prepend("▁"), "ByteLevel": normalizers.ByteLevel(),
    "NFD+StripAccents": normalizers.Sequence([normalizers.NFD(), normalizers.StripAccents(), normalizers.Lowercase()]),
}

DECODERS = {
    "ByteLevel": decoders.ByteLevel(), "Metaspace": decoders.Metaspace(), "Metaspace never": decoders.Metaspace("▁", "never"),
    "ByteFallback": decoders.ByteFallback(), "BPEDecoder": decoders.BPEDecoder("</w>"), "Strip": decoders.Strip(" ", 1, 1),
    "Replace": decoders.Replace("ab", "-"),
    "Fuse+Strip": decoders.Sequence([decoders.Fuse(), decoders.Strip(" ", 2, 3)]),
    "Fuse+Replace": decoders.Sequence([decoders.Fuse(), decoders.Replace("ab", "-")]),
    "llama": decoders.Sequence([decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse(), decoders.Strip(" ", 1, 0)]),
}


def trained():
    """What the trainer makes of a small text, as the bytes that it writes."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = byte_level()
    tokenizer.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    train(tokenizer, 380, special_tokens=["<|endoftext|>", "<pad>", "é"], initial_alphabet=alphabet)
    return {"texts": CORPUS, "vocabularySize": 380, "minFrequency": 1, "tokenizerJson": tokenizer.to_str(pretty=True)}


def components():
    def section(part, name):
        tokenizer = Tokenizer(models.BPE())
        setattr(tokenizer, name, part)
        return json.loads(tokenizer.to_str())[name]

    def decoded(name, part):
        for tokens in lists:
            texts = ["".join(tokens)] if "Fuse" in name else tokens
            # Strip panics on a text that it would strip from both ends
            if "Strip" not in name or all(text.strip(" ") for text in texts):
                yield [tokens, part.decode(tokens)]

    def pieces(part, text):
        return [[piece, *offsets16(text, [offset])[0]] for piece, offset in part.pre_tokenize_str(text)]

    texts = strings(60, SEED + 1)
    rng = random.Random(SEED + 2)
    pool = ["▁a", "▁", "a", "b", "ab", "Ġa", "Ċ", "ð", "Ł", "¦", "Ļ", "Ã", "<0xF0>", "<0x9F>", "<0xA6>", "<0x99>", "<0xE2>", "<0x41>", "x</w>", " ", "  ", "c ",
            "é", "<s>", "日"]
    lists = [[rng.choice(pool) for _ in range(rng.randint(0, 9))] for _ in range(60)]
    return {
        "preTokenizers": [{"name": n, "section": section(p, "pre_tokenizer"), "cases": [{"text": t, "pieces": pieces(p, t)} for t in texts[::2] if t]}
                          for n, p in PRE_TOKENIZERS.items()],
        "normalizers": [{"name": n, "section": section(p, "normalizer"), "cases": [[t, p.normalize_str(t)] for t in texts]}
                        for n, p in NORMALIZERS.items()],
        "decoders": [{"name": n, "section": section(p, "decoder"), "cases": list(decoded(n, p))}
                     for n, p in DECODERS.items()],
    }


def write(package, name, value):
    value = {"tokenizers": tokenizers.__version__, "seed": SEED, **value}
    folder = PACKAGES / package / "test/fixtures"
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}.json").write_text(json.dumps(value, ensure_ascii=False, separators=(",", ":")) + "\n", encoding="utf-8")


for index, (style, make) in enumerate(STYLES.items()):
    made = make()
    write("tokenizer-bpe", style, {"tokenizer": json.loads(made.to_str()), "cases": [case(made, text) for text in strings(70, SEED + index)]})
write("tokenizer-bpe", "trained/byte-level", trained())
write("tokenizer-core", "components", components())
