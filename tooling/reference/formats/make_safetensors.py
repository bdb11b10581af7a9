"""Writes packages/weights/test/fixtures/every_dtype.safetensors with the reference implementation.

Run:  pip install safetensors==0.8.0 && python tooling/reference/formats/make_safetensors.py
Every element type once, names and sizes chosen so that the file's order is neither that of names nor of sizes.
"""
import ctypes
from pathlib import Path

from safetensors import TensorSpec, serialize

TYPES = [("bool", 1), ("uint8", 1), ("int8", 1), ("float8_e5m2", 1), ("float8_e4m3fn", 1), ("float8_e8m0fnu", 1),
         ("float8_e4m3fnuz", 1), ("float8_e5m2fnuz", 1), ("int16", 2), ("uint16", 2), ("float16", 2), ("bfloat16", 2),
         ("int32", 4), ("uint32", 4), ("float32", 4), ("float64", 8), ("int64", 8), ("uint64", 8)]

buffers, tensors = [], {}


def spec(dtype, shape, data):
    buffers.append(ctypes.create_string_buffer(data, max(1, len(data))))
    return TensorSpec(dtype=dtype, shape=shape, data_ptr=ctypes.addressof(buffers[-1]), data_len=len(data))


for index, (dtype, size) in enumerate(TYPES):
    shape = [[], [3], [2, 2], [1, 0, 4], [5, 1]][index % 5]
    count = 1
    for extent in shape:
        count *= extent
    data = bytes((17 * index + 7 * position) % 251 for position in range(count * size))
    tensors[f"{'zyxwv'[index % 5]}.{dtype}"] = spec(dtype, shape, data)
tensors["ünïcode \"name\""] = spec("float32", [1], bytes([0, 0, 128, 63]))
target = Path(__file__).parents[3] / "packages/weights/test/fixtures/every_dtype.safetensors"
target.write_bytes(bytes(serialize(tensors, {"format": "pt"})))
