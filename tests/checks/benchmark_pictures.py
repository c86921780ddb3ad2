"""The pictures of docs/benchmarks.md show its tables, and the document shows its pictures."""

import pathlib
import sys

from check import main

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "bench"))
import plot  # noqa: E402  (found by the line above)

DOCUMENT = "docs/benchmarks.md"


def findings(root):
    folder = root / "docs"

    def read(name):
        return (folder / name).read_text() if (folder / name).is_file() else None

    return plot.findings(DOCUMENT, (root / DOCUMENT).read_text(), read)


TABLE = "<!-- memory -->\n| a | MB/s |\n|---|---|\n| psk13 | 2 (1-3) |\n| other | 1,000 |\n<!-- end -->\n"
TEXT = TABLE + "![](bench-memory.svg)\n"
DRAWN = plot.pictures(TEXT)["memory"]


def tree(text=TEXT, drawn=DRAWN):
    return {DOCUMENT: text, "docs/bench-memory.svg": drawn}


SELF_TESTS = [
    (tree(), None),
    (tree(text=TABLE), "does not show bench-memory.svg"),
    (tree(text=TEXT.replace("2 (1-3)", "2 (1-4)")), "bench-memory.svg does not show the table"),
    (tree(drawn=DRAWN.replace("psk13", "other")), "bench-memory.svg does not show the table"),
    ({DOCUMENT: TEXT}, "bench-memory.svg does not show the table"),
]

if __name__ == "__main__":
    main(__name__)
