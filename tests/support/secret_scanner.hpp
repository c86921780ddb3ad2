#pragma once
// Looks for known secrets in bytes of any kind, in every form in which one leaks: raw, hexadecimal in both cases,
// base32 in both cases, base64 and base64url at each of the three places where a value can begin in a group.

#include <filesystem>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "core/base/bytes.hpp"

namespace cpns::test {

class SecretScanner {
 public:
  struct Hit {
    std::string secret;  ///< its name
    std::string form;
    std::uint64_t offset;
  };

  /// At least 16 bytes.
  void add(const std::string& name, ByteView secret);
  [[nodiscard]] std::vector<Hit> scan(ByteView bytes) const;
  /// Reads the file in pieces, so that a core file of any size can be scanned. A file of at most a megabyte is also
  /// scanned without its line ends: PEM breaks base64 into lines.
  [[nodiscard]] std::vector<Hit> scan_file(const std::filesystem::path& file) const;
  [[nodiscard]] std::size_t secrets() const { return names_.size(); }

 private:
  struct Pattern {
    std::string secret, form;
    std::string bytes;
  };
  void add_pattern(const std::string& name, const std::string& form, std::string bytes);
  void scan_into(ByteView bytes, std::uint64_t base, std::size_t skip, std::vector<Hit>& hits) const;

  std::set<std::string> names_;
  std::vector<Pattern> patterns_;
  std::unordered_multimap<std::uint64_t, std::size_t> by_begin_;  // first eight bytes -> pattern
  std::vector<bool> may_begin_ = std::vector<bool>(1 << 16U);     // first two bytes
  std::size_t longest_ = 0;
};

[[nodiscard]] std::string to_text(const SecretScanner::Hit& hit);

}  // namespace cpns::test
