"""docs/limits.md against the tree: each row names files that exist, texts that stand in them (a limit with its value),
and tests that are there."""

import re

from check import files, main

DOCUMENT = "docs/limits.md"
COLUMNS = ["Limit", "Where", "Past it", "Test"]
QUOTED = re.compile(r"`([^`]+)`")
TEST = re.compile(r"\bTEST(?:_F|_P)?\(\s*(\w+),\s*(\w+)\s*\)")


def rows(text):
    for line in text.splitlines():
        if line.startswith("|") and not set(line) <= set("|-: "):
            yield [cell.strip() for cell in line.strip().strip("|").split("|")]


def check_where(root, limit, cell):
    text, found = None, []
    for quoted in QUOTED.findall(cell):
        if quoted.startswith(("src/", "tests/")):
            path = root / quoted
            text = " ".join(path.read_text().split()) if path.is_file() else None
            if text is None:
                found.append(f"{DOCUMENT}: {limit}: there is no {quoted}")
                return found
        elif text is None:
            found.append(f"{DOCUMENT}: {limit}: {quoted} stands before its file")
        elif not re.search(re.escape(quoted) + r"(?![\w'])", text):
            found.append(f"{DOCUMENT}: {limit}: its file does not say {quoted}")
    return found or ([] if text is not None else [f"{DOCUMENT}: {limit}: names no file"])


def findings(root):
    path = root / DOCUMENT
    if not path.is_file():
        return [f"{DOCUMENT}: is missing"]
    sources = files(root, ["tests"], (".cpp",))
    known = {f"{suite}.{name}" for file in sources for suite, name in TEST.findall(file.read_text())}
    found, limits = [], 0
    for cells in rows(path.read_text()):
        if cells == COLUMNS:
            continue
        limits += 1
        if len(cells) != len(COLUMNS):
            found.append(f"{DOCUMENT}: {cells[0]}: has {len(cells)} cells, not {len(COLUMNS)}")
            continue
        limit, where, _, tests = cells
        found += check_where(root, limit, where)
        named = QUOTED.findall(tests)
        if not named and tests != "none":
            found.append(f"{DOCUMENT}: {limit}: names no test, and does not say none")
        found += [f"{DOCUMENT}: {limit}: there is no test {name}" for name in named if name not in known]
    return found if limits else [f"{DOCUMENT}: has no row"]


HEAD = "| Limit | Where | Past it | Test |\n|---|---|---|---|\n"
CODE = {"src/a.cpp": "constexpr int kMost =\n    16;\nint kLong = 16'000;\n", "tests/a.cpp": "TEST_F(Suite, name) {}\n"}


def tree(row):
    return {**CODE, DOCUMENT: HEAD + row + "\n"}


SELF_TESTS = [
    (tree("| a | `src/a.cpp` `kMost = 16` | ends | `Suite.name` |"), None),
    (tree("| a | `src/a.cpp` | ends | none |"), None),
    (CODE, "is missing"),
    (tree(""), "has no row"),
    (tree("| a | `src/a.cpp` | ends |"), "has 3 cells"),
    (tree("| a | `src/b.cpp` | ends | none |"), "there is no src/b.cpp"),
    (tree("| a | somewhere | ends | none |"), "names no file"),
    (tree("| a | `kMost = 16` `src/a.cpp` | ends | none |"), "stands before its file"),
    (tree("| a | `src/a.cpp` `kMost = 17` | ends | none |"), "does not say kMost = 17"),
    (tree("| a | `src/a.cpp` `kLong = 16` | ends | none |"), "does not say kLong = 16"),
    (tree("| a | `src/a.cpp` | ends | Suite.name |"), "names no test"),
    (tree("| a | `src/a.cpp` | ends | `Suite.nam` |"), "there is no test Suite.nam"),
    (tree("| a | `src/a.cpp` | ends | `Suite.name`; `Other.name` |"), "there is no test Other.name"),
]

if __name__ == "__main__":
    main(__name__)
