"""The atlas of a single ReLU neuron with any of a, b, c: its local minima, valleys and barriers, exactly.

A bias is the weight of a row of ones. With an output weight, v = |a| w carries the half space a > 0 onto the landscape
of relu(v.x) + c, and a < 0 onto that of the targets -y with -c; both are connected by rescaling, so they keep local
minima and components. At a = 0 the network is constant: below the best constant the two half spaces are separated, and
from it on {L <= level} is connected (``theory.critical.relu_faces``).

Source: own derivation.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np

from theory.arithmetic import RATIONAL, arithmetic_of, rational
from theory.critical.relu_faces import ConeLandscape, LocalMinima, cone_landscape
from theory.errors import NotExact


@dataclass(frozen=True)
class MinimaOfNeuron:
    """A connected set of local minima of one value.

    Attributes
    ----------
    value : the loss.
    theta : (n,) one of them, as the model reads it.
    signs : of the preactivations there; 0 is a kink.
    dimension : of the set; strict minima have 0.
    dead : the neuron is inactive on all samples.
    floor : the set is a component of {L <= value}, the bottom of a valley.
    spurious : the component of {L <= value} that contains it has no global minimum.
    """

    value: Any
    theta: np.ndarray
    signs: tuple[int, ...]
    dimension: int
    dead: bool
    floor: bool
    spurious: bool


@dataclass(frozen=True)
class Barrier:
    """The least level at which the sets of local minima number i and j lie in one component of {L <= level}."""

    i: int
    j: int
    height: Any


@dataclass(frozen=True)
class NeuronAtlas:
    """The landscape of one neuron.

    Attributes
    ----------
    constant : the loss of the best constant network, or of the zero network without c.
    global_value : the least loss, which is attained.
    minima : the local minima, lowest first; with an output weight only those below ``constant``, where all others are.
    counts : (level, number of components of {L <= c} from this level up to the next one).
    barriers : between any two of the minima that are bottoms of valleys.
    """

    constant: Any
    global_value: Any
    minima: tuple[MinimaOfNeuron, ...]
    counts: tuple[tuple[Any, int], ...]
    barriers: tuple[Barrier, ...]


def neuron_atlas(net: Any) -> NeuronAtlas:
    """The atlas of a ``ReluNeuron`` with rational data.

    Raises
    ------
    NotExact
        For float data.
    TooLarge
        When the samples may cut the parameter space into too many faces.
    """
    for name, data in (("X", net.X), ("y", net.y)):
        if arithmetic_of(data).name != RATIONAL:
            kind = arithmetic_of(data).name
            raise NotExact(f"atlas: {name} must be rational, got {kind} entries; write the numbers as integers or p/q")
    X, y = rational(net.X), rational(net.y)
    if net.bias:
        X = np.concatenate([X, rational([[1] * len(y)])])
    signs = (1, -1) if net.output_weight else (1,)
    sides = {s: cone_landscape(X, s * y, output_bias=net.output_bias) for s in signs}
    constant = sides[1].value_at_zero
    low = min(side.global_value for side in sides.values())
    found = [(f, s) for s, side in sides.items() for f in side.minima if f.value < constant or not net.output_weight]
    found.sort(key=lambda pair: (pair[0].value, -pair[1], pair[0].signs))
    floors = [i for i, (f, _) in enumerate(found) if f.floor]
    heights = ((i, j, _height(sides, found[i], found[j], constant)) for i, j in combinations(floors, 2))
    return NeuronAtlas(
        constant=constant,
        global_value=low,
        minima=tuple(_row(net, f, s, low) for f, s in found),
        counts=_counts(tuple(sides.values()), constant),
        barriers=tuple(Barrier(*row) for row in heights),
    )


def _row(net: Any, f: LocalMinima, s: int, low: Any) -> MinimaOfNeuron:
    parts = {"w": f.w[: len(net.X)], "b": f.w[-1], "a": s, "c": s * f.c}
    theta = net.pack(*(rational(parts[name]) for name, _ in net.layout))
    dimension = f.dimension + net.output_weight
    return MinimaOfNeuron(f.value, theta, f.signs, dimension, f.dead, f.floor, f.bottom > low)


def _height(sides: dict[int, ConeLandscape], first: Any, second: Any, constant: Any) -> Any:
    (f, s), (g, t) = first, second
    return sides[s].height(f.w, g.w) if s == t else constant


def _counts(sides: tuple[ConeLandscape, ...], constant: Any) -> tuple[tuple[Any, int], ...]:
    """Component counts of the separate sides below the best constant, and 1 from there on."""
    steps: Counter = Counter()
    for side in sides:
        before = 0
        for level, n in side.component_counts():
            steps[level] += n - before
            before = n
    counts, n = [], 0
    for level in sorted(level for level in steps if level < constant):
        n += steps[level]
        if steps[level]:
            counts.append((level, n))
    return (*counts, (constant, 1)) if n != 1 else tuple(counts)
