"""What every check of this folder shares: running over the tree, or over a small tree that holds a known mistake.

A check is a module with `findings(root) -> list of text` and `SELF_TESTS`: pairs of files {path: content} and a text
that must stand in a finding, or None where there must be no finding. `python3 NAME.py ROOT` runs it,
`python3 NAME.py --self-test` proves that it can fail.
"""

import pathlib
import subprocess
import sys
import tempfile


def files(root, folders, endings):
    """All files under the folders, sorted, that end so."""
    found = []
    for folder in folders:
        base = pathlib.Path(root) / folder
        if base.is_file():
            found.append(base)
        found += [p for p in base.rglob("*") if p.is_file() and p.name.endswith(endings)]
    return sorted(set(found))


def tracked_files(root):
    """The files that git knows, or all files where there is no repository (a self-test)."""
    root = pathlib.Path(root)
    if not (root / ".git").exists():
        return sorted(p for p in root.rglob("*") if p.is_file())
    names = subprocess.run(["git", "-C", str(root), "-c", "safe.directory=*", "ls-files", "-z"],
                           check=True, capture_output=True).stdout.decode().split("\0")
    return [root / name for name in names if name and (root / name).is_file()]


def relative(path, root):
    return path.relative_to(root).as_posix()


def self_test(module):
    failures = 0
    for number, (tree, wanted) in enumerate(module.SELF_TESTS):
        with tempfile.TemporaryDirectory() as folder:
            root = pathlib.Path(folder)
            for name, content in tree.items():
                (root / name).parent.mkdir(parents=True, exist_ok=True)
                (root / name).write_text(content)
            found = module.findings(root)
        if (wanted is None and found) or (wanted is not None and not any(wanted in f for f in found)):
            failures += 1
            print(f"self-test {number}: wanted {wanted!r}, found {found}")
    print(f"{len(module.SELF_TESTS)} self-tests, {failures} failed")
    return failures


def main(name):
    module = sys.modules[name]
    if sys.argv[1:] == ["--self-test"]:
        sys.exit(1 if self_test(module) else 0)
    found = module.findings(pathlib.Path(sys.argv[1]), *sys.argv[2:])
    for finding in found:
        print(finding)
    print(f"{pathlib.Path(module.__file__).stem}: {len(found)} findings")
    sys.exit(1 if found else 0)
