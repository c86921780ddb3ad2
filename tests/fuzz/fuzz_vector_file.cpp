// The JSON file of test vectors that `cpns vectors FILE` reads, and the comparison after it.

#include "cli/vectors.hpp"
#include "fuzz/fuzz.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto file = cpns::cli::parse_vector_file(cpns::as_text({data, size}));
  if (!file) {
    cpns::fuzz::require(!file.error().got.empty(), "a refusal names what was wrong");
    return 0;
  }
  if (cpns::cli::check_vectors(*file)) cpns::fuzz::accept();
  return 0;
}
