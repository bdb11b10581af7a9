"""What every fixture script shares: deterministic torch, where fixtures go, and how they are written.

A fixture is a small safetensors file for tensors and a JSON file beside it that says what they are, with the
seed and the versions of the libraries that made them. Running a script again writes the same bytes.
"""

import json
import math
import platform
from importlib.metadata import version
from pathlib import Path

import torch
from safetensors.torch import save_file

repository = Path(__file__).resolve().parents[3]


def prepare() -> None:
    """One thread and deterministic kernels: two runs must agree to the bit."""
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)


def versions(*names: str) -> dict:
    listed = {name: version(name) for name in ("torch", *names)}
    return {"python": platform.python_version(), **listed}


def fixtures_of(package: str, *parts: str) -> Path:
    folder = repository.joinpath("packages", package, "test", "fixtures", *parts)
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def save_tensors(path: Path, tensors: dict) -> None:
    """Sorted names, contiguous copies; 64-bit integers become 32-bit (ids are small)."""
    ready = {}
    for name in sorted(tensors):
        tensor = tensors[name].detach().clone().contiguous()
        ready[name] = tensor.to(torch.int32) if tensor.dtype == torch.int64 else tensor
    save_file(ready, path, metadata={"format": "pt"})
    path.chmod(0o644)


def save_json(path: Path, value) -> None:
    path.write_text(json.dumps(value, indent=2, allow_nan=False) + "\n", encoding="utf-8")


def greatest_difference(left: torch.Tensor, right: torch.Tensor) -> float:
    return float((left.detach().double() - right.detach().double()).abs().max()) if left.numel() else 0.0


def rounded_up(value: float) -> float:
    """Two significant digits, never below the value: a bound that reads well."""
    if value == 0:
        return 0.0
    scale = 10.0 ** (math.floor(math.log10(value)) - 1)
    return float(f"{math.ceil(value / scale) * scale:.2g}")
