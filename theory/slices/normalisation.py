"""Directions scaled block by block like the weights: filter, layer and model normalisation."""

from __future__ import annotations

import math
import re
from typing import Any

import numpy as np

from theory import arrays
from theory.arithmetic import to_float

BY = ("model", "layer", "filter")
BIASES = ("own", "filter", "zero")
_BIAS = re.compile(r"(?:b(\d*)|c)$")
_OWNER = {"b": ("W", "w"), "c": ("a",)}


def blocks(layout: arrays.Layout, by: str, biases: str = "own") -> np.ndarray:
    """The block (n,) to which each parameter belongs, numbered from 0; -1 for biases that are set to zero.

    Parameters
    ----------
    layout : (name, shape) of each layer. The entries b, b1, b2, ... and c are biases, all others weights.
    by : "filter": a block is all weights into one unit: a row of a matrix, or what has the same first index in an array
        with more axes; a whole vector, which feeds one unit. "layer": each weight array is a block. "model": one block.
    biases : "own": the biases of a layer are a block of their own. "filter": a bias joins the weights into its unit (by
        filter) or layer: b those of W or w, b3 those of W3, c those of a. "zero": they do not move. A single block
        "model" holds all biases, unless they are zero.

    Notes
    -----
    W_l -> s_l W_l with b_l -> s_1 ... s_l b_l, where all s_l > 0 have the product 1, leaves a ReLU net unchanged. It
    scales each block of "own" and "zero" by one factor, so that it maps the slice to the slice with the same values. It
    does not with the joint blocks of "filter", where W_l and b_l scale differently: from the second layer on, and in
    the output layer already for two.

    Source: li2018, section 4 (filters; their code may leave out the biases), in the form of.
    """
    _choice(by, BY, "by")
    _choice(biases, BIASES, "biases")
    owners: dict[str, tuple[int, int]] = {}  # first block and number of blocks of each entry
    labels, count = [], 0
    for name, shape in layout:
        bias = _BIAS.match(name)
        size, units = math.prod(shape), shape[0] if len(shape) > 1 and by == "filter" else 1
        if bias and biases == "zero":
            labels.append(np.full(size, -1))
        elif by == "model":
            labels.append(np.zeros(size, int))
        else:
            names = [owner + (bias.group(1) or "") for owner in _OWNER[name[0]]] if bias and biases == "filter" else []
            first, there = next((owners[o] for o in names if owners.get(o, (0, 0))[1] in (1, size)), (count, 0))
            labels.append(first + (np.arange(size) if there > 1 else np.repeat(np.arange(units), size // units)))
            if not there:
                owners[name] = (count, units)
                count += units
    return np.concatenate(labels)


def normalised(vector: Any, theta: Any, layout: arrays.Layout, by: str, biases: str = "own") -> np.ndarray:
    """d_B <- d_B |theta_B| / |d_B| for each block B of ``blocks(layout, by, biases)``.

    Parameters
    ----------
    vector, theta : (..., n) floats; leading axes broadcast.
    layout, by, biases : as ``blocks`` takes them.

    Returns
    -------
    (..., n). A block where theta is zero becomes zero, so that such weights do not move.

    Raises
    ------
    ValueError
        Where a block of the vector is zero and that of theta is not: it has no direction to scale.

    Source: li2018, section 4, in the form of.

    >>> normalised([3.0, 4.0, 1.0, 0.0], [0.0, 1.0, -2.0, 0.0], (("W", (2, 2)),), "filter").tolist()
    [0.6, 0.8, 2.0, 0.0]
    """
    n = arrays.size_of(layout)
    d, theta = (_floats(a, n, name) for a, name in ((vector, "vector"), (theta, "theta")))
    batch = arrays.batch_of("normalised", {"vector": d.shape[:-1], "theta": theta.shape[:-1]})
    labels = blocks(layout, by, biases)
    moving = labels >= 0
    out = np.zeros((*batch, n), np.result_type(d, theta))
    if not moving.any():
        return out
    order = np.flatnonzero(moving)[np.argsort(labels[moving], kind="stable")]
    starts = np.flatnonzero(np.diff(labels[order], prepend=-1))
    top, bottom = (_block_norms(a[..., order], starts) for a in (theta, d))
    lost = (bottom == 0) & (top > 0)
    if lost.any():
        name = _name_of(order[starts[np.argwhere(lost)[0][-1]]], layout)
        raise ValueError(
            f"normalised: needs a vector that is not zero on a whole block, got zero around {name}; draw anew"
        )
    unit = d[..., order] / np.repeat(np.where(bottom > 0, bottom, 1), np.diff(starts, append=len(order)), axis=-1)
    out[..., order] = unit * np.repeat(top, np.diff(starts, append=len(order)), axis=-1)
    return out


def _block_norms(a: np.ndarray, starts: np.ndarray) -> np.ndarray:
    """The norms (..., blocks) of consecutive blocks of a (..., n), without overflow or underflow of the squares."""
    scale = np.maximum.reduceat(np.abs(a), starts, axis=-1)
    scaled = a / np.repeat(np.where(scale > 0, scale, 1), np.diff(starts, append=a.shape[-1]), axis=-1)
    return scale * np.sqrt(np.add.reduceat(scaled * scaled, starts, axis=-1))


def entry_names(layout: arrays.Layout) -> list[str]:
    """The names W1[0,0], W1[0,1], ... of the entries of the flat vector; a parameter without axes has its own name."""
    return [
        f"{name}[{','.join(map(str, index))}]" if shape else name
        for name, shape in layout
        for index in np.ndindex(*shape)
    ]


def _name_of(index: int, layout: arrays.Layout) -> str:
    return entry_names(layout)[index]


def _floats(a: Any, n: int, name: str) -> np.ndarray:
    a = arrays.points(a, n, "normalised", name)
    if a.dtype.kind == "c":
        raise TypeError(f"normalised: {name} must be real, got {a.dtype}; give the real part")
    return to_float(a)


def _choice(value: Any, choices: tuple[str, ...], name: str) -> None:
    if value not in choices:
        raise ValueError(f"normalised: {name} must be one of {', '.join(choices)}, got {value!r}")
