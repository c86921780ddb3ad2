"""Who may include whom: the arrows of ARCHITECTURE.md, and which folder alone sees a foreign library."""

import re

from check import files, main, relative

CORE = ["core/base", "core/secret", "core/crypto", "core/ids", "core/assign", "core/stream", "core/activation",
        "core/life", "core/audit"]
SHARED = CORE + ["runtime", "tls", "store"]
# Folder: what it may include beside itself. `store` means its interfaces, not a backend.
MAY = {
    "core/base": [],
    "core/secret": ["core/base"],
    "core/crypto": ["core/base", "core/secret"],
    "core/ids": ["core/base"],
    "core/assign": ["core/base", "core/secret", "core/crypto", "core/ids"],
    "core/stream": ["core/base", "core/crypto", "core/ids"],
    "core/audit": ["core/base", "core/secret", "core/crypto", "core/ids"],
    "core/activation": ["core/base", "core/ids"],
    "core/life": [],
    "tls": CORE + ["tls/psk13", "tls/x25519"],
    "tls/psk13": CORE + ["tls", "tls/x25519"],
    "tls/x25519": ["core/base", "core/secret", "core/crypto"],
    "ims": CORE + ["runtime", "tls", "store"],
    "store": CORE,
    "store/migrations": [],
    "store/memory": CORE + ["store"],
    "store/file": CORE + ["store"],
    "store/keys": CORE + ["store", "store/file"],
    "store/sqlite": CORE + ["store", "store/file", "store/migrations"],
    "runtime": CORE + ["tls", "tls/x25519"],
    "carrier": CORE + ["runtime"],
    "pngw": SHARED,
    "server": SHARED + ["pngw", "carrier", "ims", "tls/x25519"],
    "gateway": SHARED + ["pngw", "ims"],
    "device": SHARED + ["pngw", "carrier"],
    "cli": CORE + ["runtime"],
}
# Foreign headers that few folders may see.
FOREIGN = [
    (r"cpns/v1/cpns\.pb\.h|google/protobuf/", ["core/assign", "core/stream", "pngw"]),
    (r"openssl/ssl", ["tls"]),
    (r"openssl/", ["tls", "tls/psk13", "tls/x25519", "core/crypto", "core/secret", "runtime", "cli", "pngw", "gateway",
                   "ims"]),
    (r"sqlite3\.h", ["store/sqlite"]),
    (r"sofia-sip/", ["ims"]),
    (r"expat\.h|winscard\.h", ["ims"]),
    (r"toml\+\+/", ["runtime"]),
    (r"spdlog/", ["runtime"]),
    (r"boost/|runtime/asio\.hpp", ["runtime", "carrier", "pngw", "server", "gateway", "device", "cli", "ims"]),
    (r"(sys/socket|netinet/in|unistd|pthread|fcntl|time)\.h|ctime|fstream|thread|mutex|filesystem|iostream",
     ["tls", "store", "store/memory", "store/file", "store/sqlite", "store/keys", "runtime", "carrier", "pngw",
      "server", "gateway", "device", "cli", "ims"]),
]
INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]', re.MULTILINE)


def folder_of(path):
    """`src/core/base/x.hpp` -> `core/base`, `src/server/admin/x.hpp` -> `server`."""
    parts = path.split("/")
    for size in (2, 1):
        if len(parts) > size and "/".join(parts[:size]) in MAY:
            return "/".join(parts[:size])
    return None


def findings(root):
    found = []
    for path in files(root, ["src"], (".cpp", ".hpp")):
        name = relative(path, root / "src")
        folder = folder_of(name)
        if folder is None:
            found.append(f"src/{name}: its folder is not in the list of tests/checks/includes.py")
            continue
        for kind, target in INCLUDE.findall(path.read_text()):
            to = folder_of(target) if kind == '"' else None
            if to is not None and to != folder and to not in MAY[folder]:
                found.append(f"src/{name}: src/{folder} may not include {target}")
            for pattern, allowed in FOREIGN:
                if re.match(pattern, target):
                    if folder not in allowed:
                        found.append(f"src/{name}: src/{folder} may not see {target}")
                    break
    return found


def one(path, include):
    return {path: f"#include {include}\n"}


SELF_TESTS = [
    (one("src/server/a.cpp", '"core/base/result.hpp"'), None),
    (one("src/server/admin/a.cpp", '"server/b.hpp"'), None),
    (one("src/server/a.cpp", '"gateway/b.hpp"'), "may not include gateway/b.hpp"),
    (one("src/core/base/a.cpp", '"core/ids/ids.hpp"'), "may not include core/ids/ids.hpp"),
    (one("src/core/assign/a.cpp", '"runtime/log.hpp"'), "may not include runtime/log.hpp"),
    (one("src/core/assign/a.cpp", "<thread>"), "may not see thread"),
    (one("src/tls/a.cpp", '"store/sealer.hpp"'), "may not include store/sealer.hpp"),
    (one("src/store/a.cpp", '"tls/engine.hpp"'), "may not include tls/engine.hpp"),
    (one("src/device/a.cpp", '"store/sqlite/b.hpp"'), "may not include store/sqlite/b.hpp"),
    (one("src/runtime/a.cpp", "<openssl/ssl.h>"), "may not see openssl/ssl.h"),
    (one("src/server/a.cpp", "<sqlite3.h>"), "may not see sqlite3.h"),
    (one("src/other/a.cpp", "<array>"), "not in the list"),
]

if __name__ == "__main__":
    main(__name__)
