"""A matplotlib figure as bytes that are the same at every run with the same versions of the libraries."""

from __future__ import annotations

import io
import os
from collections.abc import Callable
from typing import Any

FORMATS = ("pdf", "svg", "png")
# Dates and versions of the writing program are the only bytes that would differ from run to run.
METADATA: dict[str, dict[str, None]] = {
    "pdf": {"CreationDate": None, "Creator": None, "Producer": None},
    "svg": {"Date": None, "Creator": None},
    "png": {"Software": None},
}


def encoded(fig: Any, format: str) -> bytes:
    """The figure as PDF, SVG or PNG, without a date."""
    out = io.BytesIO()
    fig.savefig(out, format=format, metadata=METADATA[format])
    return out.getvalue()


def picture(draw: Callable[[Any], None], format: str) -> bytes:
    """What ``draw(fig)`` draws on one empty figure, for the command line."""
    import matplotlib
    from matplotlib.figure import Figure

    os.environ.setdefault("SOURCE_DATE_EPOCH", "0")
    with matplotlib.rc_context({"svg.hashsalt": "exact-landscapes", "savefig.dpi": 200, "pdf.fonttype": 42}):
        fig = Figure(figsize=(4.8, 4.0), layout="constrained")
        draw(fig)
        return encoded(fig, format)
