// Runs every file of the folders and files on its command line through one fuzz target. An ordinary test: what was
// once found stays found, and every compiler and sanitizer sees the corpus. A seed named *.ok must be accepted. Prints
// each name before it runs, so that the last line before a crash names the culprit.

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "fuzz/fuzz.hpp"

int main(int argc, char** argv) {
  namespace fs = std::filesystem;
  std::vector<fs::path> files;
  for (int i = 1; i < argc; ++i) {
    std::error_code failed;
    if (!fs::is_directory(argv[i], failed)) {
      files.emplace_back(argv[i]);
      continue;
    }
    for (const auto& entry : fs::directory_iterator(argv[i], failed)) {
      if (entry.is_regular_file()) files.push_back(entry.path());
    }
  }
  std::sort(files.begin(), files.end());
  if (files.empty()) {
    std::fprintf(stderr, "no corpus: give files or folders\n");
    return 1;
  }
  for (const auto& file : files) {
    std::printf("%s\n", file.c_str());
    std::fflush(stdout);
    std::ifstream in(file, std::ios::binary);
    const std::string content{std::istreambuf_iterator<char>(in), {}};
    if (in.bad()) return 1;
    cpns::fuzz::accepted = false;
    LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(content.data()), content.size());
    if (file.extension() == ".ok" && !cpns::fuzz::accepted) {
      std::fprintf(stderr, "a good seed was refused\n");
      return 1;
    }
  }
  LLVMFuzzerTestOneInput(nullptr, 0);
  std::printf("%zu files\n", files.size());
  return 0;
}
