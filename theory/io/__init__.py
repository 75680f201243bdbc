"""Problem files, tables, results and the bibliography: everything that is read or written."""

from theory.io.problem import Problem, from_plain, load, save, to_plain
from theory.io.tables import iris

__all__ = ["Problem", "from_plain", "iris", "load", "save", "to_plain"]
