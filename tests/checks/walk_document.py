"""docs/walk.md against the code: one row for each step of kSteps, in order, each with its title, its source file and
its rules; every file and every function that it names exists."""

import re

from check import files, main

TABLE = "src/core/assign/steps.hpp"
ROW = re.compile(r'\{\s*Step::(\w+)\s*,(.*?)"([^"]*)"\s*,\s*"([^"]*)"\s*,\s*"(step\d\d_\w+\.cpp)"\s*\}', re.DOTALL)
WALK_ROW = re.compile(r"^\|\s*(\d+)\s*\|(.*)$", re.MULTILINE)
QUOTED = re.compile(r"`([^`\n]+)`")
FILE = re.compile(r"^[\w./-]+\.(?:cpp|hpp|proto|md|def|py)$")
FUNCTION = re.compile(r"^(?:[A-Za-z_]\w*::)*([A-Za-z_]\w*)\(\)$")
PLACE = re.compile(r"^([\w./-]+\.(?:cpp|hpp)):(?:[A-Za-z_]\w*::)*([A-Za-z_]\w*)(?:\(\))?$")


def steps(root):
    """[(number, title, rules, source file)] from kSteps."""
    text = (root / TABLE).read_text()
    body = text[text.index("kSteps"):]
    return [(i, title, rules.split(), source) for i, (_, _, title, rules, source) in enumerate(ROW.findall(body))]


def is_there(name, texts):
    """`Class::function` where it is defined, or in the class itself; a bare name anywhere."""
    owner, _, function = name.rpartition("::")
    call = re.compile(rf"\b{function}\s*\(")
    if not owner:
        return any(call.search(t) for t in texts)
    defined = re.compile(rf"\b{owner}::{function}\s*\(")
    declared = re.compile(rf"\b(class|struct) {owner.rpartition('::')[2]}\b[^;]*\{{")
    return any(defined.search(t) or (declared.search(t) and call.search(t)) for t in texts)


def findings(root):
    found = []
    table = steps(root)
    if len(table) != 17:
        found.append(f"{TABLE}: {len(table)} rows of kSteps could be read, 17 expected")
    walk = root / "docs/walk.md"
    if not walk.is_file():
        return found + ["docs/walk.md is missing"]
    text = walk.read_text()
    rows = [(int(number), rest) for number, rest in WALK_ROW.findall(text)]
    if [number for number, _ in rows] != [number for number, *_ in table]:
        found.append(f"docs/walk.md: rows {[n for n, _ in rows]}, kSteps has 0 to {len(table) - 1}")
    for (number, rest), (_, title, rules, source) in zip(rows, table):
        for wanted in [title, source, *rules]:
            if wanted not in rest:
                found.append(f"docs/walk.md: step {number} does not say `{wanted}` of kSteps")
    folders = ["src", "apps", "proto", "tests/unit"]
    sources = {p: p.read_text() for p in files(root, folders, (".cpp", ".hpp", ".proto"))}
    names = [p.relative_to(root).as_posix() for p in sources]

    def texts_of(name):
        return [t for p, t in sources.items() if p.relative_to(root).as_posix().endswith("/" + name)]

    for quoted in sorted(set(QUOTED.findall(text))):
        place, function = PLACE.match(quoted), FUNCTION.match(quoted)
        if place:
            texts = texts_of(place.group(1)) or texts_of(place.group(1).removeprefix("src/"))
            if not texts:
                found.append(f"docs/walk.md: there is no file {place.group(1)}")
            elif not any(re.search(rf"\b{place.group(2)}\b", t) for t in texts):
                found.append(f"docs/walk.md: {place.group(1)} has no {place.group(2)}")
        elif FILE.match(quoted):
            if not ((root / quoted).exists() or (root / "docs" / quoted).exists()
                    or any(n.endswith("/" + quoted) for n in names)):
                found.append(f"docs/walk.md: there is no file {quoted}")
        elif function and not is_there(quoted.removesuffix("()"), sources.values()):
            found.append(f"docs/walk.md: there is no function {quoted}")
    return found


def tree(walk, count=17):
    rows = "".join(f'{{Step::S{i}, x, "title {i}", "R{i}", "step{i:02}_a.cpp"}},\n' for i in range(count))
    sources = {f"src/core/assign/step{i:02}_a.cpp": f"void run_{i}();" for i in range(17)}
    return {TABLE: "kSteps = {{" + rows + "}};", "docs/walk.md": walk, **sources}


GOOD = "".join(f"| {i} | title {i} | R{i} | `step{i:02}_a.cpp` `run_{i}()` |\n" for i in range(17))
SELF_TESTS = [
    (tree(GOOD), None),
    (tree(GOOD + "see `src/core/assign/step03_a.cpp:run_3`"), None),
    (tree(GOOD.replace("| 5 | title 5", "| 5 | other 5")), "step 5 does not say `title 5`"),
    (tree(GOOD.replace("R7 ", "R8 ")), "step 7 does not say `R7`"),
    (tree(GOOD.replace("`run_9()`", "`walk_9()`")), "no function walk_9()"),
    (tree(GOOD + "see `Session::run_9()`"), "no function Session::run_9()"),
    ({**tree(GOOD + "see `Session::take()`"), "src/a.hpp": "class Session {\n void take();\n};"}, None),
    (tree(GOOD + "see `step03_a.cpp:run_4`"), "step03_a.cpp has no run_4"),
    (tree(GOOD + "see `src/server/gone.cpp`"), "no file src/server/gone.cpp"),
    (tree("".join(GOOD.splitlines(True)[:-1])), "rows"),
    (tree(GOOD, 16), "16 rows"),
    ({k: v for k, v in tree(GOOD).items() if k != "docs/walk.md"}, "is missing"),
]

if __name__ == "__main__":
    main(__name__)
