"""The unit files of packaging/systemd: systemd-analyze finds nothing wrong, and the services of the system stay below a
level of exposure. Says SKIPPED aloud where there is no systemd-analyze."""

import os
import pathlib
import re
import shutil
import subprocess
import tempfile

from check import main

FOLDER = "packaging/systemd"
SYSTEM = ["cpns-server.service", "cpns-gateway.service"]
USER = ["cpns-device.service"]
MOST_EXPOSED = 20  # tenths of what systemd-analyze prints; 100 is a service without any protection
MUST = ["NoNewPrivileges=yes", "MemoryDenyWriteExecute=yes", "LimitCORE=0", "Restart=on-failure"]
PROGRAM = re.compile(r"^ExecStart=\S+", re.MULTILINE)


def run(folder, *arguments):
    environment = {**os.environ, "XDG_RUNTIME_DIR": folder}  # `--user` looks at nothing without one
    done = subprocess.run(["systemd-analyze", *arguments], capture_output=True, text=True, env=environment)
    return done.returncode, (done.stdout + done.stderr).strip()


def findings(root):
    found = []
    tool = shutil.which("systemd-analyze")
    if not tool:
        print("SKIPPED in part: no systemd-analyze here")
    for name in SYSTEM + USER:
        path = root / FOLDER / name
        if not path.is_file():
            found.append(f"{FOLDER}/{name}: is not there")
            continue
        text = path.read_text()
        found += [f"{FOLDER}/{name}: lacks {line}" for line in MUST if line not in text.splitlines()]
        if not tool:
            continue
        with tempfile.TemporaryDirectory() as folder:
            # The program need not be installed: any that is there does.
            unit = pathlib.Path(folder) / name
            unit.write_text(PROGRAM.sub("ExecStart=/bin/true", text))
            code, said = run(folder, "verify", "--man=no", *(["--user"] if name in USER else []), str(unit))
            wrong = [line for line in said.splitlines() if name in line or line.startswith("Failed")]
            if wrong:
                found.append(f"{FOLDER}/{name}: systemd-analyze verify: {' / '.join(wrong)}")
            if name in SYSTEM:
                code, said = run(folder, "security", "--offline=true", "--no-pager", f"--threshold={MOST_EXPOSED}",
                                 str(unit))
                if code != 0:
                    last = said.splitlines()[-1] if said else "said nothing"
                    found.append(f"{FOLDER}/{name}: systemd-analyze security: {last}")
    return found


GOOD = "[Service]\nExecStart=/usr/bin/x run\n" + "\n".join(MUST) + "\n"


def tree(text):
    return {f"{FOLDER}/{name}": text for name in SYSTEM + USER}


SELF_TESTS = [
    (tree(GOOD.replace("LimitCORE=0\n", "")), "lacks LimitCORE=0"),
    ({}, "is not there"),
]
if shutil.which("systemd-analyze"):
    SELF_TESTS += [
        (tree(GOOD), "systemd-analyze security"),
        (tree(GOOD + "NoSuchKey=1\n"), "cpns-server.service: systemd-analyze verify"),
        (tree(GOOD + "NoSuchKey=1\n"), "cpns-device.service: systemd-analyze verify"),
    ]

if __name__ == "__main__":
    main(__name__)
