"""Files of tools, and whole catalogs as files: YAML or JSON, read strictly, each part with the line it stands on.

A file is one tool, a list of tools, or a catalog (`tools`, `rules`, `personas`, `secrets`).
"""

from tools_app.documents.lines import Place
from tools_app.documents.reading import (
    FORMAT,
    MAX_BYTES,
    Document,
    Item,
    joined,
    of_value,
    paths_of,
    read,
    read_files,
)

__all__ = [
    "FORMAT",
    "MAX_BYTES",
    "Document",
    "Item",
    "Place",
    "joined",
    "of_value",
    "paths_of",
    "read",
    "read_files",
]
