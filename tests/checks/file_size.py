"""Files stay short enough to be read at one sitting, and lines short enough for two columns side by side."""

from check import files, main, relative

MAX_LINES = 300
MAX_COLUMNS = 120
FOLDERS = ["src", "apps", "tests", "bench", "scripts", ".ci", "cmake", "proto"]
ENDINGS = (".cpp", ".hpp", ".py", ".sh", ".cmake", ".txt", ".proto", "setup", "demo", "test", "fuzz", "bench", "run")


def findings(root):
    found = []
    for path in files(root, FOLDERS, ENDINGS):
        name = relative(path, root)
        if name.startswith("tests/fuzz/corpus/"):
            continue
        lines = path.read_text().splitlines()
        if len(lines) > MAX_LINES:
            found.append(f"{name}: {len(lines)} lines, at most {MAX_LINES}: split it")
        for number, line in enumerate(lines, 1):
            if len(line) > MAX_COLUMNS and path.suffix in (".cpp", ".hpp", ".py"):
                found.append(f"{name}:{number}: {len(line)} columns, at most {MAX_COLUMNS}")
    return found


SELF_TESTS = [
    ({"src/a.cpp": "x\n" * 300}, None),
    ({"src/a.cpp": "x\n" * 301}, "301 lines"),
    ({"tests/unit/a.hpp": "x" * 121 + "\n"}, "121 columns"),
    ({"scripts/test": "x\n" * 301}, "301 lines"),
]

if __name__ == "__main__":
    main(__name__)
