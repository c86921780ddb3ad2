"""Each message of the catalogue is said by a program: its name stands behind `Code::` in src or apps."""

import re

from check import files, main, relative

ENTRY = re.compile(r'^CPNS_MESSAGE\((\w+), "(\w+)"', re.MULTILINE)
USE = re.compile(r"\bCode::(\w+)")


def findings(root):
    used = set()
    for path in files(root, ("src", "apps"), (".cpp", ".hpp")):
        used |= set(USE.findall(path.read_text()))
    found = []
    for path in files(root, ("src/core/base/messages",), (".def",)):
        for name, code in ENTRY.findall(path.read_text()):
            if name not in used:
                found.append(f"{relative(path, root)}: {code} {name} is said by no program: say it, or remove it")
    return found


TABLE = "src/core/base/messages/core.def"
LINE = 'CPNS_MESSAGE(odd_one, "P100", Warning, "", "t", "c", "a")\n'
SELF_TESTS = [
    ({TABLE: LINE, "src/a.cpp": "return Error{Code::odd_one};"}, None),
    ({TABLE: LINE, "apps/a.cpp": "log.event(Code::odd_one);"}, None),
    ({TABLE: LINE}, "P100 odd_one is said by no program"),
    ({TABLE: LINE, "src/a.cpp": "// odd_one is a name"}, "P100 odd_one"),
    ({TABLE: LINE, "tests/a.cpp": "EXPECT_EQ(code, Code::odd_one);"}, "P100 odd_one"),
    ({TABLE: LINE, "src/a.cpp": "return Code::odd_one_too;"}, "P100 odd_one"),
]

if __name__ == "__main__":
    main(__name__)
