"""The core library reaches nothing outside but memory, strings, libcrypto's primitives and protobuf's lite runtime:
no sockets, files, clocks, threads, environment or output. Every undefined symbol must be on this list."""

import re
import subprocess
import sys

from check import main

ALLOWED = [
    r"cpns::", r"vtable for cpns::", r"typeinfo (name )?for cpns::", r"google::protobuf::",
    r"(vtable|typeinfo|typeinfo name|VTT|guard variable|construction vtable) for google::protobuf::",
    # memory and strings
    r"mem(cpy|move|set|cmp|chr)", r"strlen", r"operator (new|delete)(\[\])?\(", r"abort",
    r"std::(__cxx11::)?(basic_string|vector|array|optional|variant|span|pair|tuple)\b", r"std::__throw_\w+\(",
    r"std::allocator<", r"std::(exception|bad_alloc|bad_variant_access|terminate)\b", r"std::__detail::",
    r"(vtable|typeinfo|typeinfo name) for std::(exception|bad_alloc|bad_variant_access)",
    r"std::_Rb_tree_(increment|decrement|insert_and_rebalance|rebalance_for_erase)", r"std::__exception_ptr::",
    # protobuf's headers include <iostream>; nothing of it is used
    r"std::ios_base::Init::",
    # the compiler's own
    r"__gxx_personality_v0", r"_Unwind_Resume", r"__cxa_\w+", r"__dso_handle", r"_GLOBAL_OFFSET_TABLE_",
    r"__stack_chk_fail", r"(vtable|typeinfo) for __cxxabiv1::", r"__mem(cpy|move|set)_chk", r"__asan_", r"__ubsan_",
    r"__tsan_", r"__gcov_", r"__sanitizer_", r"__cpu_(model|indicator_init)",
    # libcrypto's primitives
    r"EVP_(PKEY_\w+|CIPHER_CTX_\w+|CIPHER_fetch|Encrypt\w+|Decrypt\w+)\b", r"SHA256_(Init|Update|Final)\b",
    r"OSSL_PARAM_construct_(end|octet_string)\b", r"OPENSSL_cleanse",
    r"CRYPTO_(memcmp|secure_\w+|clear_free|free|zalloc|malloc)",
]
PATTERN = re.compile("|".join(f"(?:{p})" for p in ALLOWED))
LINE = re.compile(r"^\s*(?:[0-9a-f]{8,16})?\s*([A-Za-z]) (.+)$")


def undefined(nm_output):
    """Symbols that some object needs and none defines."""
    needed, defined = set(), set()
    for line in nm_output.splitlines():
        match = LINE.match(line)
        if not match:
            continue
        kind, symbol = match.groups()
        (needed if kind in "Uvw" else defined).add(symbol)
    return sorted(needed - defined)


def impure(nm_output):
    return [f"the core needs `{s}`" for s in undefined(nm_output) if not PATTERN.match(s)]


def findings(root, library):
    output = subprocess.run(["nm", "-C", library], check=True, capture_output=True, text=True).stdout
    if "cpns::assign" not in output:
        return [f"{library} is not the core library"]
    return impure(output)


def self_test():
    bad = ["socket", "open", "clock_gettime", "pthread_create", "getenv", "printf", "puts", "__printf_chk", "fopen",
           "read", "write", "time", "environ", "RAND_bytes", "SSL_new", "std::cout", "std::thread::_M_start_thread",
           "std::chrono::_V2::system_clock::now()", "std::random_device::_M_getval()",
           "std::basic_ostream<char, std::char_traits<char> >::flush()",
           "std::filesystem::remove(std::filesystem::__cxx11::path const&)"]
    missed = [s for s in bad if not impure(f" U {s}\n")]
    wrong = impure(" U memcpy\n U SHA256_Init\n U f\n0000000000000010 T f\n")
    print(f"{len(bad) + 1} self-tests, missed {missed}, wrongly refused {wrong}")
    return 1 if missed or wrong else 0


if __name__ == "__main__":
    if sys.argv[1:] == ["--self-test"]:
        sys.exit(self_test())
    main(__name__)
