"""The printed way to a higher rank jumps and gains nothing, while the corrected one leads to the minimum.

Proposition 12.4 for three dead ReLU neurons w = -1, b = 0 on x = (0, 1, 2), y = (0, 1, 2), outer weights 1, 2, 3 and
bias 1, loss 2/3. On each path the first neuron, then the second, gives up its outgoing weight and moves, to (w*, b*) =
(1, 0) and (1, -1); then the outputs go straight to the targets, if the rank of the features and the ones has become 3.

Claims: shallow_paths.rank_raising, shallow_paths.printed_factors, shallow_paths.descending
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from theory.arithmetic import rational, to_float
from theory.models import ShallowNet
from theory.topology.path import Path

CLAIMS = ("shallow_paths.rank_raising", "shallow_paths.printed_factors", "shallow_paths.descending")
SIZE = (7.0, 4.6)
STARS = ((1, 0), (1, -1))
PRINTED, CORRECTED, SECOND = "#d1495b", "#2e8b57", "#1b6ca8"


@dataclass(frozen=True)
class Walk:
    """Pieces without a jump, each with its first time; the ranks of features and ones at whole times."""

    pieces: tuple[tuple[int, Path], ...]
    ranks: tuple[int, ...]


@dataclass(frozen=True)
class Data:
    """The printed path as far as it goes, and the corrected one."""

    printed: Walk
    corrected: Walk


def data() -> Data:
    """Both from the same weights, in rational arithmetic."""
    net = ShallowNet(3, [[0, 1, 2]], [0, 1, 2], "relu")
    start = rational([-1, -1, -1, 0, 0, 0, 1, 2, 3, 1])
    corrected, printed, jumps = [start], [start], []
    for j, (w, b) in enumerate(STARS):
        for path in (corrected, printed):
            path.append(_with(path[-1], {6 + j: 0}))  # the feature is 0: nobody has to take over
        corrected.append(_with(corrected[-1], {j: w, 3 + j: b}))
        jumps.append(len(printed))
        printed.append(_with(printed[-1], {j: 0, 3 + j: 0}))
        printed.append(_with(printed[-1], {j: printed[-3][j] + w, 3 + j: printed[-3][3 + j] + b}))
    corrected.append(_with(corrected[-1], {6: 1, 7: 0, 9: 0}))
    whole = Path.through(net, corrected)
    cuts = [0, *jumps, len(printed)]
    parts = [Path.through(net, printed[a:b]) for a, b in pairwise(cuts)]
    ranks = [parts[0].ranks()[0]]
    for part in parts:
        ranks += part.ranks()[1:]
    times = (0, 1, 3)
    return Data(Walk(tuple(zip(times, parts, strict=True)), tuple(ranks)), Walk(((0, whole),), whole.ranks()))


def _with(theta: np.ndarray, entries: dict[int, Any]) -> np.ndarray:
    out = theta.copy()
    for i, value in entries.items():
        out[i] = rational([value])[0]
    return out


def plot(fig: Any, data: Data) -> None:
    """Hidden weights, rank and loss along the two paths."""
    columns = (("Proposition 12.4 as printed", data.printed, PRINTED), ("corrected", data.corrected, CORRECTED))
    for i, (title, walk, colour) in enumerate(columns):
        top, middle, bottom = (fig.add_axes((0.085 + 0.475 * i, y, 0.425, 0.245)) for y in (0.695, 0.395, 0.095))
        for ax in (top, middle, bottom):
            ax.set_xlim(-0.1, 5.1)
            ax.set_xticks(range(6))
        for ax in (top, middle):
            ax.tick_params(labelbottom=False)
        _draw_weights(top, walk, colour)
        top.set(title=title, ylim=(-1.3, 1.3), yticks=[-1, 0, 1])
        middle.step(range(len(walk.ranks)), walk.ranks, where="post", color=colour)
        middle.plot(range(len(walk.ranks)), walk.ranks, "o", color=colour, markersize=4)
        middle.set(ylim=(0.6, 3.4), yticks=[1, 2, 3])
        for start, path in walk.pieces:
            t = np.linspace(0, len(path), 40 * len(path) + 1)
            bottom.plot(start + t, path.losses(t), color=colour)
        bottom.set(ylim=(-0.05, 0.85), yticks=[0, 1 / 3, 2 / 3], yticklabels=["0", "1/3", "2/3"], xlabel="time $t$")
        if i == 0:
            top.set_ylabel("weights $w_1$, $w_2$")
            middle.set_ylabel("rank")
            bottom.set_ylabel("loss")
            fig.align_ylabels([top, middle, bottom])
    fig.axes[2].annotate(
        "the rank is still 1:\ncase 1 is not reached", (4, 2 / 3), (3.1, 0.18), fontsize=8, ha="center",
        arrowprops={"arrowstyle": "-", "color": "#444444", "linewidth": 0.6},
    )  # fmt: skip


def _draw_weights(ax: Any, walk: Walk, colour: str) -> None:
    """w_1 and w_2 against time, a dotted line at every jump."""
    for j, (style, tint) in enumerate((("-", colour), ("--", SECOND))):
        before = None
        for start, path in walk.pieces:
            w = to_float(path.vertices[:, j])
            if before is not None and before != w[0]:
                ax.plot([start, start], [before, w[0]], ":", color=tint, linewidth=1)
            ax.plot(start + np.arange(len(w)), w, style, color=tint, label=f"$w_{j + 1}$" if start == 0 else None)
            before = w[-1]
    ax.legend(loc="lower right", ncols=1)
