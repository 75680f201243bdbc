"""What is known of a class is known of a subclass only as long as that changes nothing of what the class defines."""

from __future__ import annotations

from typing import Any

# Members on which no formula rests.
_EXAMPLES = {"instances", "known_points"}


def is_unchanged(model: Any, base: type) -> bool:
    """Whether the classes between the model's and ``base`` redefine no member of ``base``: new members may come."""
    line = type(model).__mro__
    redefined = {name for cls in line[: line.index(base)] for name in vars(cls) if not name.startswith("__")}
    return not (redefined & set(dir(base))) - _EXAMPLES


def member(model: Any, name: str) -> Any:
    """``model.name``, or None: if there is none, or if a subclass has changed the model for which it was written."""
    owner = next((cls for cls in type(model).__mro__ if name in vars(cls)), None)
    return getattr(model, name, None) if owner is None or is_unchanged(model, owner) else None
