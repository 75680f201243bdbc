"""Drawings of curvature maps: the ratio of the extreme eigenvalues as colours beside the index in steps."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from theory.slices.curvature import CurvatureMap

DECADES = 3  # of ratios that are told apart
NAMED = 12  # indices in the legend, at most; of more, every second or third is named
UNDECIDED = "#b5b5b5"


def draw_ratio_and_index(
    ratio_axes: Any, index_axes: Any, found: CurvatureMap, *, labels: Sequence[str] = ("$x$", "$y$")
) -> list[int]:
    """|lambda_min / lambda_max| on a logarithmic scale, and the number of negative eigenvalues; returns the indices.

    Ratios beyond 10^-3 and 1 take the end colours. Where the sign of an eigenvalue is open, the index is
    grey, and so is the ratio where both eigenvalues vanish.

    Parameters
    ----------
    ratio_axes, index_axes : matplotlib axes, the colour bar and the legend stand to the right of each.
    found : a map with "ratio" and "index".
    labels : of the two coordinates.

    Raises
    ------
    ValueError
        For a map without ratio or index.
    """
    ratio, index, undecided = found.ratio, found.index, found.undecided
    if ratio is None or index is None or undecided is None:
        raise ValueError("draw_ratio_and_index: needs a map with ratio and index, got one without; ask for all")
    _draw_ratio(ratio_axes, found, ratio)
    shown = _draw_index(index_axes, found, index, undecided > 0)
    for ax, title in (
        (ratio_axes, r"$|\lambda_{\min}/\lambda_{\max}|$"),
        (index_axes, "number of negative eigenvalues"),
    ):
        ax.set(title=title, xlabel=labels[0], ylabel=labels[1])
    return shown


def _draw_ratio(ax: Any, found: CurvatureMap, ratio: np.ndarray) -> None:
    from matplotlib.colors import LogNorm

    low = 10.0**-DECADES
    values = np.ma.masked_invalid(np.clip(ratio, low / 2, 2))
    ax.set_facecolor(UNDECIDED)
    image = ax.pcolormesh(
        found.x, found.y, values, norm=LogNorm(low, 1), cmap="viridis", shading="nearest", rasterized=True
    )
    ax.figure.colorbar(image, ax=ax, extend="both", pad=0.03)


def _draw_index(ax: Any, found: CurvatureMap, index: np.ndarray, is_open: np.ndarray) -> list[int]:
    """One colour for each index that occurs, named in a legend."""
    import matplotlib
    from matplotlib.patches import Patch

    shown = sorted(int(k) for k in np.unique(index[~is_open]))
    place = np.searchsorted(shown, index) if shown else np.zeros_like(index)
    colours = [matplotlib.colormaps["magma_r"](t) for t in np.linspace(0.08, 0.85, len(shown))] or [UNDECIDED]
    cmap = matplotlib.colors.ListedColormap(colours)
    cells = np.ma.masked_array(place, is_open)
    ax.set_facecolor(UNDECIDED)
    ax.pcolormesh(
        found.x, found.y, cells, cmap=cmap, vmin=-0.5, vmax=len(colours) - 0.5, shading="nearest", rasterized=True
    )
    named = slice(None, None, -(-len(shown) // NAMED) or 1)
    handles = [Patch(facecolor=c, label=str(k)) for c, k in zip(colours[named], shown[named], strict=False)]
    if is_open.any():
        handles.append(Patch(facecolor=UNDECIDED, label="open"))
    ax.legend(handles=handles[::-1], loc="center left", bbox_to_anchor=(1.01, 0.5), handlelength=1.0, borderaxespad=0)
    return shown
