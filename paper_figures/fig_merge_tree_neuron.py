"""The three valleys of one ReLU neuron meet all at once, at the loss of the best constant network.

The data x = (-1, 0, 1), y = (0, 3, 1) of Exercise 12.8. Left: the networks s relu(+-(x - t)) + c with the best c over
kink t and slope s, with the components of {loss <= 1.54} on a grid. Right: the merge tree in exact arithmetic; floors
2/3 (global), 25/18 and 3/2 (spurious), every barrier 14/9.

Claims: relu_neuron.exercise_12_8, topology.neuron_valleys
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from theory.activations import RELU
from theory.critical.relu_neuron import LineLandscape, line_landscape
from theory.models.relu_neuron import ReluNeuron
from theory.plots.merge_tree import LINE, draw_components, draw_merge_tree
from theory.plots.relu_neuron import GLOBAL, SPURIOUS
from theory.topology.elder import tree_of_barriers
from theory.topology.merge_tree import MergeTree, merge_tree

CLAIMS = ("relu_neuron.exercise_12_8", "topology.neuron_valleys")
SIZE = (7.0, 3.2)
X, Y = (-1, 0, 1), (0, 3, 1)
LEVEL = 1.54


@dataclass(frozen=True)
class Data:
    """The exact landscape with its merge tree, and for w > 0 and w < 0 the losses on a grid with theirs."""

    landscape: LineLandscape
    deaths: list[Any]
    parents: list[int]
    kinks: np.ndarray
    slopes: np.ndarray
    grids: tuple[MergeTree, MergeTree]


def losses(sign: int, slopes: np.ndarray, kinks: np.ndarray) -> np.ndarray:
    """The loss of s relu(sign (x - t)) + c with the best c, for all (s, t): (slopes, kinks)."""
    neuron = ReluNeuron([X], Y, output_weight=True, bias=True, output_bias=True)
    s, t = np.meshgrid(slopes, kinks, indexing="ij")
    c = np.mean(np.array(Y) - s[..., None] * RELU(sign * (np.array(X) - t[..., None])), axis=-1)
    return neuron.loss(np.stack([np.full_like(t, sign), -sign * t, s, c], axis=-1))


def data() -> Data:
    """The valleys exactly, and on grids of 241 x 321 nodes; slope 0 is among them, so the wall of constants is seen."""
    landscape = line_landscape(X, Y)
    deaths, parents = tree_of_barriers([f.value for f in landscape.floors], landscape.barrier)
    kinks, slopes = np.linspace(-2, 2, 321), np.linspace(-3, 3, 241)
    grids = tuple(merge_tree(losses(sign, slopes, kinks)) for sign in (1, -1))
    return Data(landscape, deaths, parents, kinks, slopes, grids)


def plot(fig: Any, data: Data) -> None:
    """Two planes of networks and the tree."""
    for k, (tree, title) in enumerate(zip(data.grids, ("$w>0$", "$w<0$"), strict=True)):
        ax = fig.add_axes((0.075 + 0.285 * k, 0.15, 0.255, 0.74))
        floors = [min(data.landscape.floors, key=lambda f: abs(float(Fraction(str(f.value))) - b)) for b in tree.births]
        colours = [SPURIOUS if f.spurious else GLOBAL for f in floors]
        values = tree.field.values
        draw_components(ax, data.kinks, data.slopes, tree.labels(LEVEL), colours, values, np.arange(0.75, 4, 0.25))
        ax.axhline(0, color=LINE, linewidth=0.8, linestyle=(0, (4, 3)))
        at, side = (1.95, "right") if k == 0 else (-1.95, "left")
        ax.annotate("constants", (at, 0), (0, 2), textcoords="offset points", ha=side, fontsize=7)
        ax.set(xlabel="kink $t=-b/w$", title=title, xlim=data.kinks[[0, -1]], ylim=data.slopes[[0, -1]])
        if k == 0:
            ax.set_ylabel("slope $s=a|w|$")
        else:
            ax.set_yticklabels([])
    ax = fig.add_axes((0.72, 0.15, 0.265, 0.74))
    floors = data.landscape.floors
    colours = [SPURIOUS if f.spurious else GLOBAL for f in floors]
    order = draw_merge_tree(ax, [f.value for f in floors], data.deaths, data.parents, colours=colours)
    for x, i in enumerate(order):
        ax.annotate(str(floors[i].value), (x, float(Fraction(str(floors[i].value)))), (0, -7),
                    textcoords="offset points", ha="center", va="top", color=colours[i])  # fmt: skip
    V = data.landscape.best_constant
    ax.set_yticks([1, float(Fraction(str(V)))], ["1", str(V)])
    ax.set(ylabel="loss", title="merge tree", ylim=(0.55, 1.66))
