// What the leak checker is not to count here: Debian's sofia-sip frees neither the SSL object of a TLS connection nor
// what it copies of the peer's names (docs/ims.md; the kernel keeps strangers away from it for that reason). Whatever
// else is lost counts, also below libssl. Read by the sanitizers' runtime, where there is one.

extern "C" {

// libcrypto has no frame pointers: without its unwind tables nobody could be named.
const char* __asan_default_options();
const char* __asan_default_options() { return "fast_unwind_on_malloc=0"; }

const char* __lsan_default_suppressions();
const char* __lsan_default_suppressions() { return "leak:tls_init_secondary\nleak:tls_connect\n"; }
}
