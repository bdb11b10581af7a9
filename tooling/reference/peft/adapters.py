"""The adapters that the fixtures cover: one LoraConfig each, on the base named by `base`."""

from peft import LoraConfig

causal = {"task_type": "CAUSAL_LM", "inference_mode": False}


def adapter(about: str, *, base: str = "base", **options) -> dict:
    return {"about": about, "base": base, "options": options}


def adapters() -> dict:
    return {
        "query-value": adapter("r 4, alpha 8 on q_proj and v_proj", r=4, lora_alpha=8, target_modules=["q_proj", "v_proj"]),
        "all-linear-rslora": adapter("r 8, alpha 16 on every linear but the head, scaling alpha / sqrt(r)", r=8, lora_alpha=16,
                                     target_modules="all-linear", use_rslora=True),
        "patterns": adapter(
            "ranks and alphas by pattern; the first key that matches decides (PEFT sorts the keys when it saves)", r=4, lora_alpha=8,
            target_modules=["q_proj", "v_proj", "down_proj", "o_proj"],
            rank_pattern={"layers.1.mlp.down_proj": 6, "mlp.down_proj": 3, "^model.layers.0.self_attn.v_proj": 2},
            alpha_pattern={"q_proj": 32, ".*layers\\.[0]\\..*o_proj": 1}),
        "regular-expression": adapter("target_modules as one expression that matches whole names; no task_type", r=4, lora_alpha=8,
                                      target_modules=r".*\.layers\.[01]\.mlp\.(gate|up)_proj", task_type=None),
        "one-layer": adapter("layers_to_transform 1", r=4, lora_alpha=4, target_modules=["q_proj", "k_proj", "v_proj", "o_proj"],
                             layers_to_transform=[1], layers_pattern="layers"),
        "exclude": adapter("exclude_modules takes layer 0 out", r=2, lora_alpha=8, target_modules=["k_proj", "up_proj"],
                           exclude_modules=r".*layers\.0\..*"),
        "gaussian": adapter("init_lora_weights gaussian, default r and alpha of 8, dropout in the configuration", target_modules=["q_proj"],
                            init_lora_weights="gaussian", lora_dropout=0.1),
        "bias-lora-only": adapter("the biases of the adapted linears are trained and saved", r=4, lora_alpha=8,
                                  target_modules=["q_proj", "v_proj"], bias="lora_only"),
        "bias-all": adapter("every bias of the model is trained and saved", r=4, lora_alpha=8, target_modules=["q_proj"], bias="all"),
        "lora-bias": adapter("lora_B has a bias", r=4, lora_alpha=8, target_modules=["k_proj", "v_proj"], lora_bias=True),
        "embedding": adapter("embed_tokens beside q_proj; PEFT also saves the unchanged base embedding", r=4, lora_alpha=8,
                             target_modules=["embed_tokens", "q_proj"]),
        "embedding-tied": adapter("embed_tokens of a tied model: the head keeps the base embedding (merged in PEFT the head changes too: see spread)", base="base-tied", r=4, lora_alpha=8,
                                  target_modules=["embed_tokens", "v_proj"]),
        "modules-to-save": adapter("the head and one norm are trained whole and saved", r=4, lora_alpha=8, target_modules=["q_proj", "v_proj"],
                                   modules_to_save=["lm_head", "input_layernorm"]),
        "dora": adapter("DoRA on q_proj, v_proj, down_proj", r=4, lora_alpha=8, target_modules=["q_proj", "v_proj", "down_proj"], use_dora=True),
    }


def spectral_adapters() -> dict:
    """Adapters over what their start left of the base; PEFT takes the start off again when it loads them."""
    return {
        "pissa": adapter("PiSSA, rank-stabilised, with a pattern of ranks", r=4, lora_alpha=8, target_modules=["q_proj", "down_proj"],
                         use_rslora=True, rank_pattern={"down_proj": 3}, init_lora_weights="pissa"),
        "olora": adapter("OLoRA on wide and tall linears", r=3, lora_alpha=6, target_modules=["k_proj", "up_proj", "down_proj"],
                         init_lora_weights="olora"),
    }


def named_adapters() -> dict:
    """Two adapters in one model; their names and targets overlap."""
    return {
        "first": adapter("r 4 on q_proj and v_proj", r=4, lora_alpha=8, target_modules=["q_proj", "v_proj"]),
        "first_two": adapter("r 2 on v_proj and gate_proj", r=2, lora_alpha=2, target_modules=["v_proj", "gate_proj"]),
    }


def lora_config(chosen: dict) -> LoraConfig:
    return LoraConfig(**(causal | chosen["options"]))
