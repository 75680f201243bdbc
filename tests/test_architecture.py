"""Who may import whom, what an import costs, and the size of files: the rules of the house, on themselves tested."""

import ast
import os
import resource
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from theory import _HOME as LAZY_NAMES

ROOT = Path(__file__).parent.parent
LAYERS = [
    {"errors", "memory", "backends", "constructors", "arrays"},
    {"arithmetic"},
    {"activations", "losses", "manifolds", "calculus"},
    {"landscape"},
    {"models", "definitions"},
    {"kac_rice", "topology", "dynamics"},
    {"critical", "slices"},
    {"hardness"},
    {"checks"},
    {"claims"},
    {"exercises", "io", "plots"},
    {"cli", "pytest_plugin"},
    {"__init__", "__main__"},
]
LEVEL = {unit: level for level, units in enumerate(LAYERS) for unit in units}
ONLY_IN = {
    "matplotlib": {"plots"},
    "hypothesis": {"claims", "checks", "exercises"},
    "pytest": {"pytest_plugin"},
    "flint": {"backends"},
}
NEVER = {("models", "definitions"), ("definitions", "models"), ("checks", "models"), ("checks", "definitions")}
OTHER_PACKAGES = {"theory": {"experiments", "paper_figures", "tests"}, "experiments": {"paper_figures", "tests"}}
OTHER_PACKAGES["paper_figures"] = {"experiments", "tests"}


def imports(module, source):
    """(dotted name, imported name or None) of every import in the source, also inside functions."""
    package = module.split(".")[:-1]
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from ((alias.name, None) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            name = ".".join([*base, *([node.module] if node.module else [])])
            yield from ((name, alias.name) for alias in node.names)
        elif isinstance(node, ast.Call) and "import" in ast.unparse(node.func) and node.args:
            text = ast.unparse(node.args[0]).lstrip("f").strip("'\"")
            if text.startswith("theory."):
                yield text.split("{")[0].rstrip("."), None


def unit_of(dotted, name):
    """The part of the house that an import reaches; None for the bare package."""
    parts = dotted.split(".")
    if len(parts) > 1:
        return parts[1]
    return LAZY_NAMES.get(name, name).split(".")[0] if name else None


def violations(module, source):
    """The rules of the house that the imports of this module break, in words."""
    package, *rest = module.split(".")
    here = rest[0] if rest else "__init__"
    found = []
    for dotted, name in imports(module, source):
        top = dotted.split(".")[0]
        if name == "*":
            found.append(f"{module}: star import of {dotted}")
        if top in OTHER_PACKAGES[package]:
            found.append(f"{module}: {package} must not import {top}")
        if package == "theory":
            if here not in ONLY_IN.get(top, {here}):
                found.append(f"{module}: {top} belongs to {', '.join(sorted(ONLY_IN[top]))}")
            if top == "theory" and not allowed(here, unit_of(dotted, name), name):
                found.append(f"{module}: {here} must not import {unit_of(dotted, name) or 'the whole package'}")
    return found


def allowed(here, there, name):
    if here == there or here == "__init__" or name == "__version__":
        return True
    if (here, there) == ("arrays", "arithmetic"):
        return name == "as_array"
    if there == "data":
        return here == "io"
    if there not in LEVEL or here not in LEVEL or (here, there) in NEVER:
        return False
    return LEVEL[there] <= LEVEL[here]


def files(package):
    return sorted((ROOT / package).rglob("*.py"))


def module_of(path):
    return ".".join(path.relative_to(ROOT).with_suffix("").parts)


@pytest.mark.parametrize("package", ["theory", "experiments", "paper_figures"])
def test_imports_point_downwards(package):
    broken = [v for path in files(package) for v in violations(module_of(path), path.read_text())]
    assert not broken, "\n".join(broken)


PLANTED = [
    ("theory.arithmetic", "from theory.losses import SQUARED"),
    ("theory.constructors", "from theory.arithmetic import arithmetic_of"),
    ("theory.memory", "from theory.landscape import Model"),
    ("theory.arrays", "from theory.arithmetic import rational"),
    ("theory.arrays", "import theory.arithmetic"),
    ("theory.calculus.inertia", "def f():\n    from theory.landscape import Kind"),
    ("theory.models.deep_net", "from theory.definitions.deep_net import loss"),
    ("theory.models.deep_net", "from ..definitions import deep_net"),
    ("theory.definitions.deep_net", "from theory.models import DeepNet"),
    ("theory.definitions.deep_net", "from theory import models"),
    ("theory.models.deep_net", "from theory import classify"),
    ("theory.critical.generic", "from importlib import import_module\nimport_module('theory.checks')"),
    ("theory.critical.generic", "import importlib\nimportlib.import_module(f'theory.claims.{name}')"),
    ("theory.checks.shapes", "def f():\n    from theory.models.quadratic import Quadratic"),
    ("theory.checks.shapes", "import theory.definitions.quadratic"),
    ("theory.claims.cases", "from theory.io import load"),
    ("theory.claims.cases", "import matplotlib.pyplot as plt"),
    ("theory.io", "from matplotlib import pyplot"),
    ("theory.io", "import theory.cli.main"),
    ("theory.cli.classify", "from theory.data import iris"),
    ("theory.cli.verify", "import pytest"),
    ("theory.cli.verify", "from hypothesis import given"),
    ("theory.calculus.roots", "import flint"),
    ("theory.slices.lines", "import theory"),
    ("theory.slices.lines", "from theory.unheard_of import thing"),
    ("theory.slices.lines", "from theory.arrays import *"),
    ("theory.slices.lines", "import experiments.benchmarks"),
    ("experiments.flow", "from paper_figures import style"),
    ("paper_figures.fig_flow", "def data():\n    import experiments.flow"),
    ("paper_figures.fig_flow", "from tests.conftest import x"),
]
HARMLESS = [
    ("theory.arrays", "from theory.arithmetic import as_array"),
    ("theory.losses", "from theory.activations import named"),
    ("theory.models.relu_neuron", "from theory.models.neuron_residual import e"),
    ("theory.critical.classify", "from importlib import import_module\nimport_module(f'theory.critical.{name}')"),
    ("theory.io", "from theory.data import iris"),
    ("theory.plots.lines", "from matplotlib import pyplot"),
    ("theory.claims.cases", "from hypothesis import strategies"),
    ("theory.cli.main", "from theory import __version__"),
    ("theory.pytest_plugin", "import pytest\ndef hook():\n    from theory.claims.claim import Claim"),
    ("experiments.flow", "import jax, theory\nfrom theory import classify\nfrom experiments.runner import run"),
]


@pytest.mark.parametrize(("module", "source"), PLANTED)
def test_planted_violations_are_found(module, source):
    assert violations(module, source)


@pytest.mark.parametrize(("module", "source"), HARMLESS)
def test_what_is_allowed_is_not_reported(module, source):
    assert not violations(module, source)


def test_theory_imports_only_declared_dependencies():
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["dependencies"]
    names = {d.split(">")[0].replace("python-flint", "flint") for d in declared} | {"theory", "pytest"}
    read = [imports(module_of(path), path.read_text()) for path in files("theory")]
    used = {dotted.split(".")[0] for found in read for dotted, _ in found}
    assert not used - names - sys.stdlib_module_names


# --- files -----------------------------------------------------------------------------------------------------------


def test_a_file_has_one_subject():
    assert not [path for path in files("theory") if len(path.read_text().splitlines()) > 300]
    assert not [path for package in OTHER_PACKAGES for path in files(package) if "util" in path.stem]


# --- what an import costs --------------------------------------------------------------------------------------------

HEAVY = {"flint", "hypothesis", "matplotlib", "rich", "scipy", "sympy"}
FLOAT_LOSS = """
from theory.models import DeepLinearNet
net = DeepLinearNet((2, 2, 1), [[1.0, 2.0], [0.5, -1.0]], [[1.0, 0.0]])
net.loss([0.0] * 6), net.gradient([0.0] * 6), net.hessian([0.0] * 6)
"""


def run(code):
    """What a fresh interpreter prints."""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    return done.stdout


def loaded_by(code):
    """The names in sys.modules after the code."""
    return set(run(f"{code}\nimport sys\nprint(*sys.modules)").split())


def cpu_seconds(code):
    """User and system time of a fresh interpreter that runs the code."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT, env={**os.environ, "OMP_NUM_THREADS": "1"})
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def least(*codes, rounds=9):
    """Least CPU times, the contestants interleaved: other load on the machine can only add to what the code costs."""
    times = [[cpu_seconds(code) for code in codes] for _ in range(rounds)]
    return [min(column) for column in zip(*times, strict=True)]


def test_import_theory_loads_nothing_heavy():
    assert not {"numpy", *HEAVY} & loaded_by("import theory")


@pytest.mark.parametrize("code", [FLOAT_LOSS, *(f"import theory.models.{p.stem}" for p in files("theory/models"))])
def test_floats_need_only_numpy(code):
    assert not HEAVY & loaded_by(code)


def test_the_pytest_plugin_loads_no_part_of_theory():
    parts = {name for name in loaded_by("import theory.pytest_plugin") if name.startswith("theory.")}
    assert parts == {"theory.pytest_plugin"}


def test_import_theory_is_cheap():
    bare, theory = least("pass", "import theory")
    assert theory - bare <= 0.030, f"import theory costs {1000 * (theory - bare):.0f} ms above bare Python"


def test_the_first_numeric_use_costs_little_more_than_numpy():
    numpy, use = least("import numpy", FLOAT_LOSS)
    assert use <= 1.5 * numpy, f"{1000 * use:.0f} ms against {1000 * numpy:.0f} ms for numpy"
