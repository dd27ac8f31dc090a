"""Paths in the documentation: a recipe that names a file which is gone leads nowhere."""

import re
from pathlib import Path

import sources

# In backticks, from the top of the tree: `runtime/image/ir.h`, `tests/spec`.
_PATH = re.compile(r"`([\w.-]+(?:/[\w.-]+)+/?)`")


def checked_documents(root):
    return [path for path in (Path("HACKING.md"),) if Path(root, path).exists()]


def faults_of_text(root, document, text):
    for match in _PATH.finditer(text):
        if not Path(root, match.group(1)).exists():
            yield f"{document}:{sources.line_of(text, match.start())}: there is no {match.group(1)}"


def check(root):
    return [fault for document in checked_documents(root)
            for fault in faults_of_text(root, document, Path(root, document).read_text())]
