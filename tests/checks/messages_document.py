"""docs/messages.md is what `cpns explain --all --markdown` makes."""

import difflib
import subprocess
import sys

from check import main


def differences(made, kept):
    lines = difflib.unified_diff(kept.splitlines(), made.splitlines(), "docs/messages.md", "the catalogue", lineterm="")
    return list(lines)


def findings(root, cpns):
    made = subprocess.run([cpns, "explain", "--all", "--markdown"], check=True, capture_output=True, text=True).stdout
    document = root / "docs/messages.md"
    found = differences(made, document.read_text() if document.is_file() else "")
    if found:
        found.append("make it anew: build/dev/bin/cpns explain --all --markdown > docs/messages.md")
    return found


def self_test():
    ok = not differences("a\nb\n", "a\nb\n") and differences("a\nb\n", "a\n") and differences("a\n", "a\nc\n")
    print("3 self-tests, 0 failed" if ok else "a self-test failed")
    return 0 if ok else 1


if __name__ == "__main__":
    if sys.argv[1:] == ["--self-test"]:
        sys.exit(self_test())
    main(__name__)
