"""The tree speaks of the project alone: no path of one person's machine, nothing left to do, no secret by accident."""

import re

from check import main, relative, tracked_files

RULES = [
    (re.compile(r"(?<![\w./-])/(?:home|Users|root|work|mnt)/[\w.-]+"), "a path of one machine"),
    (re.compile(r"\b(?:TODO|FIXME|XXX|HACK)\b"), "something left to do: an issue is the place for it"),
    (re.compile(r"-----BEGIN (?:\w+ )?PRIVATE KEY-----\n[A-Za-z0-9+/]{40}"), "a private key"),
]
# Binary corpora; other people's text; this file, which has to name what it looks for.
SKIPPED = ("tests/fuzz/corpus/", "LICENSE", "tests/checks/words.py")


def findings(root):
    found = []
    for path in tracked_files(root):
        name = relative(path, root)
        if name.startswith(SKIPPED):
            continue
        try:
            text = path.read_text()
        except UnicodeDecodeError:
            continue
        for pattern, what in RULES:
            for match in pattern.finditer(text):
                line = text.count("\n", 0, match.start()) + 1
                found.append(f"{name}:{line}: `{match.group(0)[:60]}`: {what}")
    return found


SELF_TESTS = [
    ({"src/a.cpp": "see docs/work/x and https://example.net/home/x"}, None),
    ({"src/a.cpp": 'open("/home/alice/key")'}, "a path of one machine"),
    ({"docs/a.md": "run it in /work/tree"}, "a path of one machine"),
    ({"src/a.cpp": "// TODO: later"}, "left to do"),
    ({"tests/key.pem": "-----BEGIN EC PRIVATE KEY-----\n" + "A" * 64}, "a private key"),
]

if __name__ == "__main__":
    main(__name__)
