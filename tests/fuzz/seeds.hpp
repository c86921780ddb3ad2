#pragma once
// Seeds for the corpora, made by the project's own encoders so that they are real. `make_corpus FOLDER` writes them as
// FOLDER/<target>/<name>; files that fuzzing or a bug report added are left alone.

#include <filesystem>
#include <fstream>
#include <string>

#include "core/base/bytes.hpp"

namespace cpns::fuzz {

class Corpus {
 public:
  explicit Corpus(std::filesystem::path folder) : folder_(std::move(folder)) {}

  void add(const std::string& target, const std::string& name, ByteView seed) {
    std::filesystem::create_directories(folder_ / target);
    std::ofstream out(folder_ / target / name, std::ios::binary | std::ios::trunc);
    out.write(reinterpret_cast<const char*>(seed.data()), static_cast<std::streamsize>(seed.size()));
    ok_ = ok_ && out.good();
  }
  /// A seed that its target must accept.
  template <class Seed>
  void good(const std::string& target, const std::string& name, const Seed& seed) {
    add(target, name + ".ok", seed);
  }
  void add(const std::string& target, const std::string& name, std::string_view seed) {
    add(target, name, as_bytes(seed));
  }
  [[nodiscard]] bool ok() const { return ok_; }

 private:
  std::filesystem::path folder_;
  bool ok_ = true;
};

void add_identity_seeds(Corpus& corpus);
void add_message_seeds(Corpus& corpus);
void add_record_seeds(Corpus& corpus);
void add_link_seeds(Corpus& corpus);
void add_session_seeds(Corpus& corpus);
void add_settings_seeds(Corpus& corpus);
void add_stream_seeds(Corpus& corpus);

}  // namespace cpns::fuzz
