"""Golden values of tensor operations: PyTorch in float64 on inputs that are exact in float32.

Run: python tooling/reference/torch_ops/make_fixtures.py
Writes packages/tensor-core/test/fixtures/<operation>.safetensors + .json. Tensors are named <case>.<tensor>: the
inputs in float32, the outputs `y`, the cotangent `dy` (float32) and the gradients `d<input>` of sum(y * dy) in
float64. Attributes of each case are in the JSON file.
"""

import sys
from pathlib import Path

import torch
import torch.nn.functional as F

sys.path.append(str(Path(__file__).resolve().parents[1] / "shared"))
from attention_cases import attention_cases  # noqa: E402
from fixture_io import fixtures_of, prepare, save_json, save_tensors, versions  # noqa: E402

seed = 7


def record(function, inputs: dict, generator: torch.Generator, attributes: dict | None = None, **constants) -> tuple:
    """Runs function(**inputs, **constants) in float64 and differentiates it for a random cotangent."""
    leaves = {name: tensor.double().requires_grad_() for name, tensor in inputs.items()}
    output = function(**leaves, **constants)
    cotangent = torch.randn(output.shape, generator=generator)
    gradients = torch.autograd.grad(output, list(leaves.values()), cotangent.double())
    tensors = {**inputs, **constants, "y": output, "dy": cotangent}
    tensors |= {f"d{name}": gradient for name, gradient in zip(leaves, gradients, strict=True)}
    return tensors, attributes or {}


def softmax_cases(normal, generator):
    masked = normal(3, 6)
    masked[0, 2:] = -torch.inf
    masked[2, 0] = -torch.inf
    spread = normal(4, 9) * 3000
    def softmax(x): return F.softmax(x, -1)
    def log_softmax(x): return F.log_softmax(x, -1)
    return {
        "small": record(softmax, {"x": normal(2, 3, 5)}, generator, {"function": "softmax", "axis": -1}),
        "one": record(softmax, {"x": normal(4, 1)}, generator, {"function": "softmax", "axis": -1}),
        "large_values": record(softmax, {"x": spread}, generator, {"function": "softmax", "axis": -1}),
        "masked": record(softmax, {"x": masked}, generator, {"function": "softmax", "axis": -1}),
        "wide": record(softmax, {"x": normal(2, 257)}, generator, {"function": "softmax", "axis": -1}),
        "log": record(log_softmax, {"x": normal(3, 7) * 4}, generator, {"function": "log_softmax", "axis": -1}),
        "log_large_values": record(log_softmax, {"x": spread.clone()}, generator, {"function": "log_softmax", "axis": -1}),
    }


def norm_cases(normal, generator):
    def rms(eps): return lambda x, weight: F.rms_norm(x, x.shape[-1:], weight, eps)
    def layer(eps): return lambda x, weight, bias: F.layer_norm(x, x.shape[-1:], weight, bias, eps)
    rms_norm = {
        "small": record(rms(1e-5), {"x": normal(2, 3, 8), "weight": 1 + normal(8) / 4}, generator, {"eps": 1e-5}),
        "odd": record(rms(1e-6), {"x": normal(5, 37) * 3, "weight": normal(37)}, generator, {"eps": 1e-6}),
        "tiny_values": record(rms(1e-6), {"x": normal(3, 16) * 1e-4, "weight": normal(16)}, generator, {"eps": 1e-6}),
        "one": record(rms(1e-5), {"x": normal(3, 1), "weight": normal(1)}, generator, {"eps": 1e-5}),
    }
    layer_norm = {
        "small": record(layer(1e-5), {"x": normal(2, 3, 8), "weight": 1 + normal(8) / 4, "bias": normal(8)}, generator, {"eps": 1e-5}),
        "odd": record(layer(1e-12), {"x": normal(5, 37) + 20, "weight": normal(37), "bias": normal(37)}, generator, {"eps": 1e-12}),
    }
    return rms_norm, layer_norm


def rope_cases(normal, generator):
    """Half-split: element i turns with element i + dim/2 by position * frequency[i]."""
    def rotate(scaling):
        def function(x, positions, inverse_frequencies):
            angles = positions.double()[:, None, :, None] * inverse_frequencies.double()
            cosine, sine = (torch.cat((part, part), -1) * scaling for part in (angles.cos(), angles.sin()))
            first, second = x.chunk(2, -1)
            return x * cosine + torch.cat((-second, first), -1) * sine
        return function
    def frequencies(dim, theta): return (1.0 / theta ** (torch.arange(0, dim, 2).double() / dim)).float()
    layout = "x [batch, heads, length, head_dim], positions [batch, length]"
    return {
        "consecutive": record(rotate(1.0), {"x": normal(2, 3, 5, 8)}, generator, {"layout": layout, "scaling": 1.0},
                              positions=torch.arange(5).expand(2, 5), inverse_frequencies=frequencies(8, 10000.0)),
        "scattered": record(rotate(1.25), {"x": normal(2, 2, 4, 12)}, generator, {"layout": layout, "scaling": 1.25},
                            positions=torch.tensor([[0, 1, 0, 900], [7, 3, 3, 131071]]), inverse_frequencies=frequencies(12, 500000.0)),
    }


def cross_entropy_cases(normal, generator):
    """Sum over the rows whose label is not -100, optionally weighted; the mean divides by the number of those rows."""
    def function(x, labels): return F.cross_entropy(x, labels, ignore_index=-100, reduction="sum")[None]
    def mean(x, labels): return F.cross_entropy(x, labels, ignore_index=-100, reduction="mean")[None]
    labels = torch.tensor([3, -100, 12, 0, -100, 5, 5])
    return {
        "sum": record(function, {"x": normal(7, 13)}, generator, {"reduction": "sum", "counted": 5}, labels=labels),
        "mean": record(mean, {"x": normal(7, 13)}, generator, {"reduction": "mean", "counted": 5}, labels=labels),
        "large_values": record(function, {"x": normal(4, 9) * 2000}, generator, {"reduction": "sum", "counted": 3},
                               labels=torch.tensor([0, 8, -100, 4])),
        "all_ignored": record(function, {"x": normal(3, 5)}, generator, {"reduction": "sum", "counted": 0}, labels=torch.full((3,), -100)),
        "wide": record(function, {"x": normal(3, 517)}, generator, {"reduction": "sum", "counted": 3}, labels=torch.tensor([516, 0, 255])),
    }


def activation_cases(normal, generator):
    grid = torch.cat((torch.linspace(-9, 9, 73), torch.tensor([-100.0, -30.0, -0.0, 1e-7, -1e-7, 30.0, 100.0])))
    functions = {
        "gelu_erf": F.gelu, "gelu_tanh": lambda x: F.gelu(x, approximate="tanh"), "silu": F.silu,
        "relu": F.relu, "sigmoid": torch.sigmoid, "tanh": torch.tanh, "softplus": F.softplus, "erf": torch.erf, "exp": lambda x: (x / 8).exp(),
    }
    return {name: record(lambda x, function=function: function(x), {"x": grid.clone()}, generator,
                         {"function": name if name != "exp" else "exp(x / 8)"})
            for name, function in functions.items()}


def linear_cases(normal, generator):
    def embedding(weight, ids): return F.embedding(ids, weight)
    linear = {
        "plain": record(lambda x, weight: F.linear(x, weight), {"x": normal(2, 5, 7), "weight": normal(11, 7)}, generator),
        "bias": record(F.linear, {"input": normal(3, 16), "weight": normal(5, 16), "bias": normal(5)}, generator),
    }
    table = {"repeated": record(embedding, {"weight": normal(9, 6)}, generator, ids=torch.tensor([[0, 8, 3, 3], [3, 0, 1, 8]]))}
    return linear, table


def global_norm_cases(normal, generator):
    """torch.nn.utils.clip_grad_norm_: every tensor times min(1, max_norm / (norm + 1e-6))."""
    cases = {}
    for name, scale, limit in (("clipped", 3.0, 1.0), ("below", 0.01, 1.0), ("zero", 0.0, 1.0), ("small_limit", 1.0, 1e-3)):
        inputs = {"a": normal(4, 5) * scale, "b": normal(7) * scale, "c": normal(2, 3, 2) * scale}
        parameters = [torch.nn.Parameter(torch.zeros_like(tensor).double()) for tensor in inputs.values()]
        for parameter, tensor in zip(parameters, inputs.values(), strict=True):
            parameter.grad = tensor.double().clone()
        norm = torch.nn.utils.clip_grad_norm_(parameters, limit)
        clipped = {f"clipped_{key}": parameter.grad for key, parameter in zip(inputs, parameters, strict=True)}
        cases[name] = ({**inputs, **clipped, "norm": norm.reshape(1)}, {"max_norm": limit})
    return cases


def write(name: str, about: str, cases: dict) -> None:
    folder = fixtures_of("tensor-core")
    tensors = {f"{case}.{key}": tensor for case, (values, _) in cases.items() for key, tensor in values.items()}
    save_tensors(folder / f"{name}.safetensors", tensors)
    described = {case: {**attributes, "shapes": {key: list(tensor.shape) for key, tensor in values.items()}}
                 for case, (values, attributes) in cases.items()}
    save_json(folder / f"{name}.json", {"about": about, "seed": seed, "versions": versions("safetensors"), "cases": described})


def main() -> None:
    prepare()
    generator = torch.Generator().manual_seed(seed)
    def normal(*shape): return torch.randn(shape, generator=generator)
    write("softmax", "softmax and log-softmax over the last axis", softmax_cases(normal, generator))
    rms_norm, layer_norm = norm_cases(normal, generator)
    write("rms-norm", "x / sqrt(mean(x^2) + eps) * weight", rms_norm)
    write("layer-norm", "(x - mean) / sqrt(variance + eps) * weight + bias, biased variance", layer_norm)
    write("rope", rope_cases.__doc__, rope_cases(normal, generator))
    write("cross-entropy", cross_entropy_cases.__doc__, cross_entropy_cases(normal, generator))
    write("activations", "pointwise functions and their derivatives", activation_cases(normal, generator))
    linear, embedding = linear_cases(normal, generator)
    write("linear", "y = x weight^T + bias", linear)
    write("embedding", "rows of weight by ids; the gradient adds repeated ids up", embedding)
    write("clip-global-norm", global_norm_cases.__doc__, global_norm_cases(normal, generator))
    write("attention", "softmax(scale * q k^T + mask) v; grouped heads: query head h reads key head h // (heads / kv_heads)",
          attention_cases(normal, generator, record))


if __name__ == "__main__":
    main()
