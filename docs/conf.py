"""Configuration of Sphinx: ``make docs`` builds the documentation."""

import sys
from importlib.metadata import version as version_of
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
from draw_pictures import draw_pictures

project = "DistArray"
author = "The DistArray developers"
copyright = f"2026, {author}"
version = release = version_of("distarray")

extensions = [
    "myst_parser",
    "numpydoc",
    "sphinx.ext.autodoc",
    "sphinx.ext.viewcode",
]
exclude_patterns = ["_build"]
html_theme = "furo"
html_title = f"DistArray {version}"

autodoc_member_order = "bysource"
autodoc_typehints = "none"
# The class's own page lists its members already.
numpydoc_show_class_members = False
myst_enable_extensions = ["colon_fence"]
myst_heading_anchors = 3


def setup(app):
    """Draw the user guide's pictures with the package itself."""
    draw_pictures(Path(__file__).parent / "_build" / "pictures")
