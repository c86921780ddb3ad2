#pragma once
// A configuration file in TOML, read value by value with a default and what is allowed. Every error names file, line
// and key. A key that nobody asked for is an error too: call finish() after all values have been read.
//
//   CPNS_TRY(auto config, Config::open("/etc/cpns/server.toml"));
//   auto listen = config.root().table("direct_link");
//   CPNS_TRY(auto port, listen.integer("port", 7443, 0, 65535));
//   CPNS_CHECK(config.finish());
//
// Not thread-safe. A ConfigTable may outlive its Config.

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/ids/ids.hpp"

namespace cpns::runtime {

/// One section. All getters fail with `config_value_refused`, those without a default also with
/// `config_key_missing`. A section that the file does not have is empty: defaults apply.
class ConfigTable {
 public:
  [[nodiscard]] bool has(std::string_view key) const;

  /// Text of 1 to `most` bytes without control characters (an empty one only where the default is empty).
  [[nodiscard]] Result<std::string> required_text(std::string_view key, std::size_t most = 1024) const;
  [[nodiscard]] Result<std::string> text(std::string_view key, std::string_view fallback,
                                         std::size_t most = 1024) const;
  /// One of the words in `allowed`.
  [[nodiscard]] Result<std::string> choice(std::string_view key, std::string_view fallback,
                                           const std::vector<std::string>& allowed) const;
  /// A list of texts, at most `most_entries`.
  [[nodiscard]] Result<std::vector<std::string>> texts(std::string_view key, std::vector<std::string> fallback,
                                                       std::size_t most_entries = 64) const;
  [[nodiscard]] Result<std::int64_t> integer(std::string_view key, std::int64_t fallback, std::int64_t least,
                                             std::int64_t most) const;
  [[nodiscard]] Result<bool> flag(std::string_view key, bool fallback) const;
  /// Whole seconds, written as a number.
  [[nodiscard]] Result<std::chrono::seconds> seconds(std::string_view key, std::chrono::seconds fallback,
                                                     std::chrono::seconds least, std::chrono::seconds most) const;
  /// A path; a relative one is taken from the folder of the configuration file.
  [[nodiscard]] Result<std::filesystem::path> path(std::string_view key, std::string_view fallback) const;
  /// `host:port`; port 0 is allowed where `any_port`, for listeners that take a free one.
  struct Address {
    std::string host;
    std::uint16_t port;
  };
  [[nodiscard]] Result<Address> address(std::string_view key, std::string_view fallback, bool any_port = false) const;

  /// The section `[key]` below this one.
  [[nodiscard]] Result<ConfigTable> table(std::string_view key) const;
  /// All sections `[key.NAME]`, in the order of their names.
  [[nodiscard]] Result<std::vector<std::pair<std::string, ConfigTable>>> tables(std::string_view key) const;

  /// All sections `[[key]]`, in the order of the file; at most `most`.
  [[nodiscard]] Result<std::vector<ConfigTable>> list(std::string_view key, std::size_t most = 64) const;

  /// An error about a value of this section, for rules that only the caller knows.
  [[nodiscard]] Error refuse(std::string_view key, std::string got, std::string expected) const;

  struct Document;
  struct Node;
  ConfigTable(std::shared_ptr<Document> document, std::shared_ptr<Node> node);

 private:
  std::shared_ptr<Document> document_;
  std::shared_ptr<Node> node_;
};

class Config {
 public:
  /// Reads a file of at most 1 MiB. Fails with `config_unreadable`, `config_writable_by_others` (group or everyone
  /// may write it) or `config_not_toml`.
  [[nodiscard]] static Result<Config> open(const std::filesystem::path& file);
  /// The same from text; `file` is named in errors and is where relative paths start.
  [[nodiscard]] static Result<Config> parse(std::string_view text, const std::filesystem::path& file);

  [[nodiscard]] ConfigTable root() const;
  /// Fails with `config_key_unknown` for the first key that was not asked for.
  [[nodiscard]] Result<void> finish() const;
  /// The folder that relative paths start from.
  [[nodiscard]] const std::filesystem::path& folder() const;

 private:
  explicit Config(std::shared_ptr<ConfigTable::Document> document) : document_(std::move(document)) {}
  std::shared_ptr<ConfigTable::Document> document_;
};

}  // namespace cpns::runtime
