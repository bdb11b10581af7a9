"""Attention cases: torch's scaled_dot_product_attention where it has the feature, the written-out formula elsewhere.

Layout: q [batch, heads, queries, head_dim]; k, v [batch, kv_heads, keys, head_dim]. Queries are the last positions:
query i sits at position i + keys - queries.
"""

import torch
import torch.nn.functional as F


def positions_of(q: torch.Tensor, k: torch.Tensor) -> tuple:
    keys = torch.arange(k.shape[2])
    return torch.arange(q.shape[2])[:, None] + k.shape[2] - q.shape[2], keys[None]


def allowed_pairs(q, k, *, causal=True, window=None, documents=None, lengths=None) -> torch.Tensor:
    """[batch, 1, queries, keys]: which key each query may see."""
    query, key = positions_of(q, k)
    allowed = (key <= query) if causal else torch.ones(query.shape[0], key.shape[1]).bool()
    if window is not None:
        allowed = allowed & (query - key < window)
    allowed = allowed[None, None].expand(q.shape[0], 1, -1, -1)
    if documents is not None:
        allowed = allowed & (documents[:, None, -q.shape[2]:, None] == documents[:, None, None, :])
    if lengths is not None:
        allowed = allowed & (key[None, None] < lengths[:, None, None, None])
    return allowed


def written_out(q, k, v, *, scale, allowed, softcap=None, slopes=None, sinks=None) -> torch.Tensor:
    groups = q.shape[1] // k.shape[1]
    k, v = k.repeat_interleave(groups, 1), v.repeat_interleave(groups, 1)
    scores = q @ k.transpose(-1, -2) * scale
    if softcap is not None:
        scores = softcap * torch.tanh(scores / softcap)
    if slopes is not None:
        query, key = positions_of(q, k)
        scores = scores - slopes.double()[None, :, None, None] * (query - key)
    scores = scores.masked_fill(~allowed, -torch.inf)
    if sinks is not None:
        column = sinks[None, :, None, None].expand(q.shape[0], -1, q.shape[2], 1)
        return torch.softmax(torch.cat((scores, column), -1), -1)[..., :-1] @ v
    return torch.softmax(scores, -1) @ v


def attention_cases(normal, generator, record) -> dict:
    def inputs(batch, heads, kv_heads, queries, keys, dim):
        return {"q": normal(batch, heads, queries, dim), "k": normal(batch, kv_heads, keys, dim), "v": normal(batch, kv_heads, keys, dim)}

    def builtin(scale, causal):
        def function(q, k, v):
            return F.scaled_dot_product_attention(q, k, v, scale=scale, enable_gqa=True, attn_mask=allowed_pairs(q, k, causal=causal))
        return function

    def formula(scale, causal=True, window=None, softcap=None):
        def function(q, k, v, documents=None, lengths=None, slopes=None, sinks=None):
            allowed = allowed_pairs(q, k, causal=causal, window=window, documents=documents, lengths=lengths)
            return written_out(q, k, v, scale=scale, allowed=allowed, softcap=softcap, slopes=slopes, sinks=sinks)
        return function

    def root(dim): return dim ** -0.5
    documents = torch.tensor([[0] * 4 + [1] + [2] * 6, [0] * 9 + [1] * 2])
    slopes = torch.tensor([0.5, 0.25, 0.125, 0.0625])
    sinks = inputs(1, 4, 2, 6, 6, 8) | {"sinks": normal(4)}
    return {
        "causal": record(builtin(root(8), True), inputs(1, 4, 4, 9, 9, 8), generator, {"causal": True, "scale": root(8)}),
        "causal_grouped": record(builtin(root(8), True), inputs(2, 4, 2, 7, 7, 8), generator, {"causal": True, "scale": root(8)}),
        "causal_one_kv_head_long": record(builtin(root(4), True), inputs(1, 2, 1, 67, 67, 4), generator, {"causal": True, "scale": root(4)}),
        "bidirectional": record(builtin(root(8), False), inputs(1, 2, 2, 5, 7, 8), generator, {"causal": False, "scale": root(8)}),
        "one_token": record(builtin(root(8), True), inputs(2, 2, 1, 1, 1, 8), generator, {"causal": True, "scale": root(8)}),
        "last_queries": record(builtin(0.2, True), inputs(2, 4, 2, 3, 13, 4), generator, {"causal": True, "scale": 0.2}),
        "documents": record(formula(root(4)), inputs(2, 2, 1, 11, 11, 4), generator, {"causal": True, "scale": root(4)}, documents=documents),
        "lengths": record(formula(root(8), causal=False), inputs(2, 2, 1, 6, 6, 8), generator, {"causal": False, "scale": root(8)}, lengths=torch.tensor([6, 2])),
        "window": record(formula(root(8), window=4), inputs(1, 2, 1, 11, 11, 8), generator, {"causal": True, "scale": root(8), "window": 4, "window_rule": "query - key < window"}),
        "softcap": record(formula(1.0, softcap=3.0), inputs(1, 4, 2, 7, 7, 8), generator, {"causal": True, "scale": 1.0, "softcap": 3.0}),
        "alibi": record(formula(root(8)), inputs(1, 4, 2, 7, 7, 8), generator, {"causal": True, "scale": root(8), "bias": "-slope * (query - key)"}, slopes=slopes),
        "sinks": record(formula(root(8)), sinks, generator, {"causal": True, "scale": root(8), "sinks": "one more score a head that takes weight and has no value"}),
    }
