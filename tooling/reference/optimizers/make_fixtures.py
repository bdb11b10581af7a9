"""Golden values of optimizers and schedules: PyTorch's AdamW and SGD, Transformers' get_scheduler.

Run: python tooling/reference/optimizers/make_fixtures.py
Writes adamw, sgd (.safetensors + .json) and schedules.json to packages/optim/test/fixtures, and the optimizers also
to packages/tensor-core/test/fixtures. Each case has `start` and `gradients` [10, ...] in float32 and, for the steps
1 to 10, `after` from a run in float64 and `after_float32` from a run in float32.
"""

import sys
from pathlib import Path

import torch
from transformers import get_scheduler

sys.path.append(str(Path(__file__).resolve().parents[1] / "shared"))
from fixture_io import fixtures_of, prepare, save_json, save_tensors, versions  # noqa: E402

seed, steps = 11, 10


def trajectory(factory, start: torch.Tensor, gradients: torch.Tensor, rates: list, dtype: torch.dtype) -> tuple:
    parameter = torch.nn.Parameter(start.to(dtype).clone())
    optimizer = factory([parameter])
    after = []
    for gradient, rate in zip(gradients, rates, strict=True):
        optimizer.param_groups[0]["lr"] = rate
        parameter.grad = gradient.to(dtype).clone()
        optimizer.step()
        after.append(parameter.detach().clone())
    return torch.stack(after), optimizer.state[parameter]


def run(name: str, kind: type, cases: dict, state_names: dict) -> None:
    generator = torch.Generator().manual_seed(seed)
    tensors, described = {}, {}
    for case, options in cases.items():
        options = dict(options)
        rates, scale = options.pop("rates", [options["lr"]] * steps), options.pop("gradient_scale", 1.0)
        start = torch.randn(4, 5, generator=generator)
        gradients = torch.randn(steps, 4, 5, generator=generator) * scale
        gradients[3, 1] = 0
        def factory(parameters): return kind(parameters, foreach=False, **options)
        exact, state = trajectory(factory, start, gradients, rates, torch.float64)
        single, _ = trajectory(factory, start, gradients, rates, torch.float32)
        tensors |= {f"{case}.start": start, f"{case}.gradients": gradients, f"{case}.after": exact, f"{case}.after_float32": single}
        tensors |= {f"{case}.{ours}": state[theirs] for theirs, ours in state_names.items() if state.get(theirs) is not None}
        described[case] = options | {"learning_rates": rates, "gradient_scale": scale}
    about = f"torch.optim.{kind.__name__}, {steps} steps on fixed gradients; the state tensors are those after the last step (float64)"
    for package in ("optim", "tensor-core"):
        folder = fixtures_of(package)
        save_tensors(folder / f"{name}.safetensors", tensors)
        save_json(folder / f"{name}.json", {"about": about, "seed": seed, "versions": versions("safetensors"), "cases": described})


def schedule(name: str, warmup: int, total: int, rate: float, **specific) -> dict:
    """The learning rate that optimizer step 0, 1, 2, … uses; the last five steps lie beyond `total`."""
    parameter = torch.nn.Parameter(torch.zeros(1))
    optimizer = torch.optim.SGD([parameter], lr=rate)
    scheduler = get_scheduler(name, optimizer, num_warmup_steps=warmup, num_training_steps=total, scheduler_specific_kwargs=specific or None)
    rates = []
    for _ in range(total + 5):
        rates.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        scheduler.step()
    return {"scheduler": name, "warmup_steps": warmup, "total_steps": total, "learning_rate": rate, **specific, "rates": rates}


def main() -> None:
    prepare()
    run("adamw", torch.optim.AdamW, {
        "defaults": {"lr": 1e-3, "betas": (0.9, 0.999), "eps": 1e-8, "weight_decay": 0.01},
        "no_decay": {"lr": 1e-2, "betas": (0.9, 0.999), "eps": 1e-8, "weight_decay": 0.0},
        "strong_decay": {"lr": 0.05, "betas": (0.8, 0.95), "eps": 1e-6, "weight_decay": 0.5},
        "large_eps_small_gradients": {"lr": 1e-2, "betas": (0.9, 0.99), "eps": 1e-3, "weight_decay": 0.1, "gradient_scale": 1e-4},
        "changing_rate": {"lr": 1e-2, "betas": (0.9, 0.999), "eps": 1e-8, "weight_decay": 0.1, "rates": [0.0, 0.002, 0.004, 0.006, 0.008, 0.01, 0.008, 0.006, 0.004, 0.002]},
    }, {"exp_avg": "first_moment", "exp_avg_sq": "second_moment"})
    run("sgd", torch.optim.SGD, {
        "plain": {"lr": 0.1},
        "decay": {"lr": 0.1, "weight_decay": 0.05},
        "momentum": {"lr": 0.1, "momentum": 0.9},
        "momentum_dampening_decay": {"lr": 0.1, "momentum": 0.8, "dampening": 0.3, "weight_decay": 0.05},
        "nesterov": {"lr": 0.05, "momentum": 0.9, "nesterov": True},
        "nesterov_decay": {"lr": 0.05, "momentum": 0.9, "nesterov": True, "weight_decay": 0.02},
    }, {"momentum_buffer": "momentum_buffer"})
    cases = {
        "constant": schedule("constant", 0, 30, 2e-4),
        "constant_warmup": schedule("constant_with_warmup", 5, 30, 2e-4),
        "linear": schedule("linear", 0, 30, 1e-3),
        "linear_warmup": schedule("linear", 5, 30, 1e-3),
        "cosine": schedule("cosine", 0, 30, 1e-3),
        "cosine_warmup": schedule("cosine", 5, 30, 1e-3),
        "cosine_warmup_minimum": schedule("cosine_with_min_lr", 5, 30, 1e-3, min_lr_rate=0.1),
    }
    save_json(fixtures_of("optim") / "schedules.json", {"about": schedule.__doc__, "versions": versions("transformers"), "cases": cases})


if __name__ == "__main__":
    main()
