"""The list of docs/adr/0002-secrets.md and the files that say `SecretAccess{}` are the same."""

import re

from check import files, main, relative

DOCUMENT = "docs/adr/0002-secrets.md"
ENTRY = re.compile(r"^- `((?:src|apps)/[^`]+)`: \S", re.MULTILINE)
USE = re.compile(r"\bSecretAccess\s*(?:\{\s*\}|\(\s*\))")
COMMENT = re.compile(r"//[^\n]*")


def findings(root):
    listed = set(ENTRY.findall((root / DOCUMENT).read_text()))
    using = {relative(p, root) for p in files(root, ["src", "apps"], (".cpp", ".hpp"))
             if USE.search(COMMENT.sub("", p.read_text()))}
    using.discard("src/core/secret/secret_bytes.hpp")  # where it is defined
    found = [f"{name}: says SecretAccess{{}} and is not listed in {DOCUMENT}" for name in sorted(using - listed)]
    found += [f"{DOCUMENT}: lists {name}, which does not say SecretAccess{{}}" for name in sorted(listed - using)]
    return found


LIST = {DOCUMENT: "- `src/a.cpp`: a reason.\n"}
SELF_TESTS = [
    ({**LIST, "src/a.cpp": "key.reveal(SecretAccess{})"}, None),
    ({**LIST, "src/a.cpp": "key.reveal(secret::SecretAccess{})", "src/b.cpp": "// reveal(SecretAccess{})"}, None),
    ({**LIST, "src/a.cpp": "key.reveal(SecretAccess{})", "src/b.cpp": "x(SecretAccess{})"}, "src/b.cpp: says"),
    ({**LIST, "src/a.cpp": "key.reveal(SecretAccess{})", "apps/b.cpp": "x(SecretAccess())"}, "apps/b.cpp: says"),
    ({**LIST, "src/a.cpp": "nothing"}, "lists src/a.cpp"),
    ({DOCUMENT: "- `src/a.cpp`:\n", "src/a.cpp": "SecretAccess{}"}, "not listed"),
]

if __name__ == "__main__":
    main(__name__)
