"""Hypothesis in CI draws the same examples every time, and nowhere does it leave a folder behind."""

import os
import tempfile

from hypothesis import configuration, settings

configuration.set_hypothesis_home_dir(os.path.join(tempfile.gettempdir(), "landscapes-hypothesis"))
settings.register_profile("book", database=None, deadline=None, derandomize="CI" in os.environ)
settings.load_profile("book")
