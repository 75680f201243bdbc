"""From a saddle without negative curvature the loss falls along a curve of order five that no quadratic model sees.

Three layers of width 2, X = I, Y = diag(2, 1), at the critical point that keeps the larger singular value: the exact
polynomials of the loss along the descent certificate, which ends at a global minimum, along an ascent line, and along
the line of the fibre certificate.

Claims: deep_linear.bad_saddles, deep_linear.local_minima_are_global, deep_linear.fibre_certificate
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from theory.critical.deep_linear import ascent_curve, descent_curve, fibre_certificate, normal_form
from theory.critical.deep_linear.curves import Curve, curve
from theory.models import DeepLinearNet
from theory.plots.deep_linear import COLOURS, LINE, draw_curve

CLAIMS = ("deep_linear.bad_saddles", "deep_linear.local_minima_are_global", "deep_linear.fibre_certificate")
SIZE = (5.2, 3.2)


@dataclass(frozen=True)
class Data:
    """How deep the global minimum lies below the saddle, and curves from there with the loss along them."""

    depth: Any
    descent: Curve
    ascent: Curve
    fibre: Curve


def data() -> Data:
    """All in rational arithmetic."""
    net = DeepLinearNet((2, 2, 2, 2), [[1, 0], [0, 1]], [[2, 0], [0, 1]])
    saddle = normal_form(net, (0,))
    line = fibre_certificate(net, saddle)
    return Data(
        net.minimum_value() - net.loss(saddle),
        descent_curve(net, saddle),
        ascent_curve(net, saddle),
        curve(net, np.stack([saddle, line.direction])),
    )


def plot(fig: Any, data: Data) -> None:
    """The change of the loss against the parameter of each curve."""
    ax = fig.add_axes((0.13, 0.14, 0.85, 0.83))
    s = np.linspace(-0.6, 1.0, 401)
    kinds = list(COLOURS.values())
    draw_curve(ax, data.ascent, s, color=kinds[1], label=f"ascent line: order {data.ascent.order}")
    draw_curve(ax, data.fibre, s, color=LINE, linestyle=(0, (4, 3)), label="fibre: constant, but with a gradient")
    draw_curve(ax, data.descent, s, color=kinds[2], label=f"descent curve: order {data.descent.order}")
    ax.axhline(float(data.depth.p) / float(data.depth.q), color=kinds[0], linewidth=1, label="global minimum")
    ax.set_xlabel("parameter $s$ of the curve")
    ax.set_ylabel("change of the loss")
    ax.set_xlim(s[0], s[-1])
    ax.set_ylim(-1.15, 1.6)
    ax.legend(loc="upper left", bbox_to_anchor=(0.02, 0.38))
