"""Three valleys of one ReLU neuron are separated by the constant networks, and two of them are spurious.

The best loss h(t) with kink t = -b/w, for each choice of signs of (a, w), on the data x = (-1, 0, 1), y = (0, 3, 1) of
Exercise 12.8: floors 2/3 (global), 25/18 and 3/2 (spurious), every barrier 14/9.

Claims: relu_neuron.exercise_12_8
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from theory.critical.relu_neuron import LineLandscape, line_landscape
from theory.plots.relu_neuron import GLOBAL, LINE, SPURIOUS, Section, draw_network, draw_valleys, sections

CLAIMS = ("relu_neuron.exercise_12_8",)
SIZE = (7.0, 4.3)


@dataclass(frozen=True)
class Data:
    """The landscape, its four sections, and the best network of each quadrant (else the best constant)."""

    landscape: LineLandscape
    walk: tuple[Section, ...]
    networks: tuple[Any, ...]


def data() -> Data:
    """Everything that is drawn, in exact arithmetic."""
    landscape = line_landscape([-1, 0, 1], [0, 3, 1])
    walk = sections(landscape)
    best = [min(section.floors, key=lambda f: f.value, default=None) for section in walk]
    mean = landscape.y.sum() / len(landscape.y)
    return Data(landscape, walk, tuple(floor.parameters() if floor else [0, 0, 0, mean] for floor in best))


def plot(fig: Any, data: Data) -> None:
    """The valleys below, the network on each floor above."""
    ax = fig.add_axes((0.08, 0.115, 0.905, 0.50))
    spans = draw_valleys(ax, data.landscape, data.walk)
    ax.set_xlabel("kink $t=-b/w$ of the neuron")
    ax.set_ylabel("least loss $h(t)$")
    for (left, right), section, theta in zip(spans, data.walk, data.networks, strict=True):
        inset = ax.inset_axes((left, 1.17, right - left, 0.46), transform=ax.get_xaxis_transform())
        status = {f.spurious for f in section.floors}
        draw_network(inset, data.landscape, theta, GLOBAL if False in status else SPURIOUS if status else LINE)
        signs = (f"${name}{'>' if s > 0 else '<'}0$" for name, s in zip("aw", section.quadrant, strict=True))
        inset.set(title=", ".join(signs), ylim=(-0.6, 3.6), xticks=[], yticks=[])
