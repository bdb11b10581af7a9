"""The Llama checkpoints that the fixtures cover: shapes, ties, biases, RoPE scaling in both spellings, storage."""

import torch

base = {
    "vocab_size": 96, "hidden_size": 32, "intermediate_size": 40, "num_hidden_layers": 2, "num_attention_heads": 4,
    "num_key_value_heads": 2, "max_position_embeddings": 128, "rms_norm_eps": 1e-5, "tie_word_embeddings": False,
    "bos_token_id": 1, "eos_token_id": 2, "pad_token_id": 0,
}
# Two heads of 16: eight frequencies, enough to fall into every band of llama3 and yarn.
narrow = base | {"num_attention_heads": 2, "num_key_value_heads": 1, "intermediate_size": 16, "tie_word_embeddings": True}


def variant(about: str, config: dict, *, cases: tuple = ("batch",), gradients: tuple = (), hidden: tuple = (),
            dtype: torch.dtype = torch.float32, shards: int = 1, config_json: dict | None = None,
            store_tied_head: bool = False, extra_tensors: dict | None = None) -> dict:
    return {"about": about, "config": config, "cases": cases, "gradients": gradients, "hidden": hidden, "dtype": dtype,
            "shards": shards, "config_json": config_json, "store_tied_head": store_tied_head,
            "extra_tensors": extra_tensors or {}}


def published(config: dict, **changes) -> dict:
    """config.json in the spelling of the checkpoints published before Transformers 5: rope_theta, rope_scaling, torch_dtype."""
    value = {"architectures": ["LlamaForCausalLM"], "model_type": "llama", "hidden_act": "silu",
             "initializer_range": 0.02, "pretraining_tp": 1, "use_cache": True, "torch_dtype": "bfloat16",
             "transformers_version": "4.43.0", **config, **changes}
    return {key: entry for key, entry in value.items() if key != "rope_parameters"}


def rope_variant(about: str, rope: dict, *, legacy: dict | None = None, maximum: int = 128) -> dict:
    config = narrow | {"max_position_embeddings": maximum, "rope_parameters": rope}
    return variant(about, config, cases=("short", "far"), dtype=torch.bfloat16,
                   config_json=None if legacy is None else published(config, **legacy))


def variants() -> dict:
    llama3 = {"factor": 8.0, "high_freq_factor": 4.0, "low_freq_factor": 1.0, "original_max_position_embeddings": 32,
              "rope_type": "llama3"}
    return {
        "gqa": variant("4 query heads on 2 key-value heads, untied head", base,
                       cases=("batch", "right_padded", "left_padded", "packed", "long"), gradients=("batch",), hidden=("batch",)),
        "mha-tied": variant("as many key-value heads as query heads, tied embeddings", base | {
            "num_key_value_heads": 4, "tie_word_embeddings": True}, cases=("batch", "packed"), gradients=("packed",)),
        "mqa-bias": variant("one key-value head, attention_bias and mlp_bias", base | {
            "num_key_value_heads": 1, "attention_bias": True, "mlp_bias": True}, gradients=("batch",)),
        "head-dim": variant("head_dim 12 is not hidden_size / heads = 8", base | {"head_dim": 12}, gradients=("batch",)),
        "legacy": variant(
            "config.json as the first Llama checkpoints had it: no rope_theta, head_dim or num_key_value_heads keys; float16 "
            "weights; the unused rotary_emb.inv_freq buffers of that time are in the file; hidden_act gelu",
            {key: value for key, value in base.items() if key != "num_key_value_heads"} | {"hidden_act": "gelu", "rms_norm_eps": 1e-6},
            dtype=torch.float16, config_json={
                "architectures": ["LlamaForCausalLM"], "bos_token_id": 1, "eos_token_id": 2, "hidden_act": "gelu",
                "hidden_size": 32, "initializer_range": 0.02, "intermediate_size": 40, "max_position_embeddings": 128,
                "model_type": "llama", "num_attention_heads": 4, "num_hidden_layers": 2, "pad_token_id": 0,
                "rms_norm_eps": 1e-06, "rope_scaling": None, "tie_word_embeddings": False, "torch_dtype": "float16",
                "transformers_version": "4.28.0", "use_cache": True, "vocab_size": 96},
            extra_tensors={f"model.layers.{layer}.self_attn.rotary_emb.inv_freq":
                           (1.0 / 10000.0 ** (torch.arange(0, 8, 2) / 8)).half() for layer in range(2)}),
        "sharded": variant("three shards and an index, bfloat16", base, dtype=torch.bfloat16, shards=3),
        "tied-head-stored": variant("tied embeddings, but the file also holds lm_head.weight (equal to the embedding)",
                                    narrow, dtype=torch.bfloat16, store_tied_head=True),
        "rope-theta": rope_variant("default RoPE with another base", {"rope_type": "default", "rope_theta": 500000.0}),
        "rope-linear": rope_variant("linear, new spelling", {"rope_type": "linear", "factor": 2.5, "rope_theta": 10000.0}),
        "rope-linear-legacy": rope_variant(
            "linear, old spelling with `type`", {"rope_type": "linear", "factor": 4.0, "rope_theta": 10000.0},
            legacy={"rope_scaling": {"type": "linear", "factor": 4.0}, "rope_theta": 10000.0}),
        "rope-dynamic": rope_variant(
            "dynamic NTK: `short` is inside max_position_embeddings (unchanged), `far` beyond it",
            {"rope_type": "dynamic", "factor": 2.0, "rope_theta": 10000.0}, maximum=16),
        "rope-yarn": rope_variant(
            "yarn with its defaults, new spelling",
            {"rope_type": "yarn", "factor": 4.0, "original_max_position_embeddings": 32, "rope_theta": 10000.0}),
        "rope-yarn-legacy": rope_variant(
            "yarn, old spelling, every option set",
            {"rope_type": "yarn", "factor": 8.0, "original_max_position_embeddings": 32, "beta_fast": 16.0, "beta_slow": 2.0,
             "mscale": 0.7, "mscale_all_dim": 1.2, "truncate": False, "rope_theta": 1000.0},
            legacy={"rope_theta": 1000.0, "rope_scaling": {
                "rope_type": "yarn", "factor": 8.0, "original_max_position_embeddings": 32, "beta_fast": 16.0,
                "beta_slow": 2.0, "mscale": 0.7, "mscale_all_dim": 1.2, "truncate": False}}),
        "rope-llama3": rope_variant("llama3, new spelling", llama3 | {"rope_theta": 10000.0}),
        "rope-llama3-legacy": rope_variant(
            "llama3 as Llama 3.1 to 3.3 publish it", llama3 | {"rope_theta": 500000.0},
            legacy={"rope_theta": 500000.0, "rope_scaling": llama3}),
        "rope-longrope": rope_variant(
            "longrope: `short` is inside original_max_position_embeddings, `far` beyond it",
            {"rope_type": "longrope", "short_factor": [1.0, 1.05, 1.1, 1.2, 1.3, 1.5, 1.8, 2.0],
             "long_factor": [1.0, 1.5, 2.2, 3.0, 4.5, 6.0, 7.0, 8.0], "original_max_position_embeddings": 16, "rope_theta": 10000.0}),
    }
