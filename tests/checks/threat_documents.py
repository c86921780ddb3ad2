"""Every test that docs/threat-model.md and docs/rfc9257.md name as what shows a defence is there, by that name, and
every place in the code that they name as `src/FILE:NAME`."""

import re

from check import files, main

DOCUMENTS = ["docs/threat-model.md", "docs/rfc9257.md"]
SHOWN_BY = re.compile(r"^(shown by|test)$", re.IGNORECASE)
NAME = re.compile(r"`([^`]+)`")
SEED = re.compile(r"(?!fuzz_)[a-z0-9_]+")  # of a fuzz target
TEST = re.compile(r"\bTEST(?:_F|_P)?\(\s*(\w+),\s*(\w+)\s*\)")
IMS_TESTS = re.compile(r"^ *ims_tests\((\w+\.py) \w+ (\w+) ", re.MULTILINE)
IMS_TEST = re.compile(r"^ *def test_(\w+)", re.MULTILINE)
PLACE = re.compile(r"`(src/[\w./-]+):(\w+)`")
TYPED = re.compile(r"\bTYPED_TEST(?:_P)?\(\s*(\w+),\s*(\w+)\s*\)")


def tests_of(root):
    """Suites, `Suite.test` names, and the names of fuzz targets."""
    suites, tests = set(), set()
    for path in files(root, ["tests"], (".cpp", ".hpp")):
        text = path.read_text(errors="replace")
        for suite, test in TEST.findall(text) + TYPED.findall(text):
            suites.add(suite)
            tests.add(f"{suite}.{test}")
    # Those of tests/ims are Python, and named in its CMakeLists.txt.
    lists = root / "tests" / "ims" / "CMakeLists.txt"
    for file, prefix in IMS_TESTS.findall(lists.read_text() if lists.is_file() else ""):
        suites.add(prefix)
        tests |= {f"{prefix}.{name}" for name in IMS_TEST.findall((lists.parent / file).read_text())}
    fuzzers = {path.stem for path in files(root, ["tests/fuzz"], (".cpp",)) if path.stem.startswith("fuzz_")}
    return suites, tests, fuzzers


def rows_of(text):
    """(line number, last cell) of each row of a table whose last column says what shows the answer."""
    watched = None
    for number, line in enumerate(text.splitlines(), 1):
        if not line.startswith("|"):
            watched = None
            continue
        cell = line.strip().strip("|").split("|")[-1].strip()
        if watched is None:
            watched = bool(SHOWN_BY.match(cell))
        elif watched and not ("-" in cell and set(cell) <= set("- :")):
            yield number, cell


def known(name, root, suites, tests, fuzzers):
    if "/" in name:
        return (root / name).is_file()
    if name.startswith("checks."):
        return (root / "tests" / "checks" / f"{name[7:]}.py").is_file()
    if name.startswith("fuzz_"):
        return name in fuzzers
    if "." in name and not name.endswith((".cpp", ".py", ".md")):
        return name in tests
    return name in suites or (name.endswith(".cpp") and any(p.name == name for p in files(root, ["src"], (".cpp",))))


def lost_places(text, root):
    for number, line in enumerate(text.splitlines(), 1):
        for file, name in PLACE.findall(line):
            path = root / file
            if not path.is_file():
                yield number, f"there is no file {file}"
            elif not re.search(rf"\b{name}\b", path.read_text()):
                yield number, f"{file} has no {name}"


def findings(root):
    suites, tests, fuzzers = tests_of(root)
    found = []
    for document in DOCUMENTS:
        path = root / document
        rows = list(rows_of(path.read_text())) if path.is_file() else []
        if path.is_file():
            found += [f"{document}:{number}: {what}" for number, what in lost_places(path.read_text(), root)]
        if not rows:
            found.append(f"{document}: no table with a column of tests could be read")
        for number, cell in rows:
            names = NAME.findall(cell)
            if not names and "*design*" not in cell and "not met" not in cell and "not asked" not in cell:
                found.append(f"{document}:{number}: names no test, and says neither *design* nor \"not met\"")
            for name in NAME.findall(cell.split("*design*")[0]):
                if not SEED.fullmatch(name) and not known(name, root, suites, tests, fuzzers):
                    found.append(f"{document}:{number}: there is no test `{name}`")
    return found


CODE = "TEST(Suite, when_x_then_y) {}\nTEST_F(OtherTest,\n       when_z_then_y) {}\n"
HEAD = "| Attack | Shown by |\n|---|---|\n"


def tree(row, second="| a | `Suite` |\n"):
    return {"tests/a_test.cpp": CODE, "tests/fuzz/fuzz_it.cpp": "", "src/a.cpp": "int run();",
            DOCUMENTS[0]: HEAD + row, DOCUMENTS[1]: HEAD + second}


SELF_TESTS = [
    (tree("| a | `Suite.when_x_then_y`, `OtherTest.when_z_then_y`; `fuzz_it`, seed `a_seed`; `src/a.cpp` |\n"), None),
    (tree("| a | *design*: does not compile |\n"), None),
    (tree("| a | `Suite.when_x_then_z` |\n"), "no test `Suite.when_x_then_z`"),
    (tree("| a | `Siute` |\n"), "no test `Siute`"),
    (tree("| a | `fuzz_that` |\n"), "no test `fuzz_that`"),
    (tree("| a | `src/b.cpp` |\n"), "no test `src/b.cpp`"),
    (tree("| a | |\n"), "names no test"),
    (tree("| a | `Suite` |\n", second="| a | `OtherTest.when` |\n"), "no test `OtherTest.when`"),
    (tree("| a | `Suite` |\n", second=""), "no table"),
    (tree("| `src/a.cpp:run` | `Suite` |\n"), None),
    (tree("| `src/a.cpp:runs` | `Suite` |\n"), "src/a.cpp has no runs"),
    (tree("| `src/b.cpp:run` | `Suite` |\n"), "no file src/b.cpp"),
]

if __name__ == "__main__":
    main(__name__)
