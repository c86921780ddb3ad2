"""What g++ 12 destroys twice or too early inside the full expression of a `co_await` (docs/adr/0003-coroutines.md):
a temporary that a condition makes, and a lambda with captures. Both belong into a variable with a name."""

import re

from check import files, main, relative

COMMENT = re.compile(r"//[^\n]*")
LITERAL = re.compile(r'"(?:[^"\\\n]|\\.)*"|\'(?:[^\'\\\n]|\\.)+\'')
AWAIT = re.compile(r"\bco_await\b")
CAPTURES = re.compile(r"[(,]\s*\[[^\[\]]+\]\s*[({]")


def arguments(text, start):
    """What stands between parentheses from `start` to the end of the statement, with the parentheses."""
    depth, taken = 0, []
    for c in text[start:]:
        if c in ")}" and depth == 0 or c == ";" and depth == 0:
            break
        depth += (c == "(") - (c == ")")
        if depth > 0:
            taken.append(c)
    return "".join(taken)


def blank(match):
    return '""' + "\n" * match.group().count("\n")


def findings(root):
    found = []
    for path in files(root, ["src", "apps", "bench", "tests"], (".cpp", ".hpp")):
        text = LITERAL.sub(blank, COMMENT.sub("", path.read_text()))
        for await_ in AWAIT.finditer(text):
            said = arguments(text, await_.end())
            line = text.count("\n", 0, await_.start()) + 1
            if " ? " in said:
                found.append(f"{relative(path, root)}:{line}: a condition inside the arguments of a co_await: name it")
            if CAPTURES.search(said):
                found.append(f"{relative(path, root)}:{line}: a lambda with captures inside a co_await: name it")
    return found


SELF_TESTS = [
    ({"src/a.cpp": "x = co_await f(a, b ? *b : make(), c);\n"}, "src/a.cpp:1: a condition"),
    ({"src/a.cpp": "co_await f(\n    [&a] { return a; });\n"}, "src/a.cpp:1: a lambda"),
    ({"src/a.cpp": "const auto done = quick ? co_await f(a) : co_await g([] { return 1; });\n"}, None),
    ({"src/a.cpp": 'if (co_await f(a, "why ? who")) g(b ? c : d);  // co_await f(a ? b : c)\n'}, None),
]

if __name__ == "__main__":
    main(__name__)
