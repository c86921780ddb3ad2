#include "runtime/config.hpp"

#include <sys/stat.h>
#include <toml++/toml.h>

#include <algorithm>
#include <map>
#include <set>
#include <sstream>

#include "runtime/files.hpp"

namespace cpns::runtime {

// What has been asked of one section. Kept by path, so that asking twice counts once.
struct ConfigTable::Node {
  std::string name;             // "service.hello"; empty for the root
  const toml::table* table;     // nullptr where the file does not have it; owned by the document
  std::set<std::string> asked;  // keys, for finish() and its list of what is allowed
  std::map<std::string, std::shared_ptr<Node>> below;
};

struct ConfigTable::Document {
  std::filesystem::path file;
  std::filesystem::path folder;
  toml::table content;
  std::shared_ptr<Node> root;
};

namespace {

std::string where(const ConfigTable::Document& document, const toml::node* node) {
  std::string text = document.file.string();
  if (node != nullptr && node->source().begin.line > 0) text += ":" + std::to_string(node->source().begin.line);
  return text;
}

std::string full_key(const ConfigTable::Node& section, std::string_view key) {
  return section.name.empty() ? std::string(key) : section.name + "." + std::string(key);
}

const toml::node* ask(ConfigTable::Node& section, std::string_view key) {
  section.asked.emplace(key);
  return section.table == nullptr ? nullptr : section.table->get(key);
}

// A value as the file has it, shortened: it may be anything.
std::string shown(const toml::node& node) {
  std::ostringstream out;
  if (const auto* text = node.as_string()) return "\"" + text->get().substr(0, 60) + "\"";
  if (const auto* number = node.as_integer()) return std::to_string(number->get());
  if (const auto* flag = node.as_boolean()) return flag->get() ? "true" : "false";
  out << node.type();
  return out.str();
}

Error wrong(const ConfigTable::Document& document, const ConfigTable::Node& section, std::string_view key,
            const toml::node* node, const std::string& got, std::string expected) {
  return {Code::config_value_refused, where(document, node) + ": " + full_key(section, key) + " = " + got,
          std::move(expected)};
}

std::string list_of(const std::vector<std::string>& words) {
  std::string text;
  for (const auto& word : words) text += (text.empty() ? "" : ", ") + word;
  return text;
}

std::optional<Error> unknown_key(const ConfigTable::Document& document, const ConfigTable::Node& section) {
  if (section.table == nullptr) return std::nullopt;
  for (const auto& [key, value] : *section.table) {
    if (section.asked.contains(std::string(key.str()))) continue;
    const std::vector<std::string> allowed(section.asked.begin(), section.asked.end());
    return Error{Code::config_key_unknown, where(document, &value) + ": " + full_key(section, key.str()),
                 allowed.empty() ? "no such section" : "one of: " + list_of(allowed)};
  }
  for (const auto& [name, below] : section.below) {
    if (auto error = unknown_key(document, *below)) return error;
  }
  return std::nullopt;
}

}  // namespace

ConfigTable::ConfigTable(std::shared_ptr<Document> document, std::shared_ptr<Node> node)
    : document_(std::move(document)), node_(std::move(node)) {}

bool ConfigTable::has(std::string_view key) const {
  return node_->table != nullptr && node_->table->get(key) != nullptr;
}

Error ConfigTable::refuse(std::string_view key, std::string got, std::string expected) const {
  const auto* node = node_->table == nullptr ? nullptr : node_->table->get(key);
  return wrong(*document_, *node_, key, node, got, std::move(expected));
}

Result<std::string> ConfigTable::required_text(std::string_view key, std::size_t most) const {
  if (ask(*node_, key) == nullptr) {
    return Error{Code::config_key_missing, where(*document_, node_->table) + ": " + full_key(*node_, key),
                 "a text of 1-" + std::to_string(most) + " bytes"};
  }
  return text(key, "required", most);
}

Result<std::string> ConfigTable::text(std::string_view key, std::string_view fallback, std::size_t most) const {
  const auto* node = ask(*node_, key);
  if (node == nullptr) return std::string(fallback);
  const auto* text = node->as_string();
  const std::size_t least = fallback.empty() ? 0 : 1;
  if (text != nullptr && text->get().size() >= least && text->get().size() <= most &&
      !has_control_character(text->get())) {
    return text->get();
  }
  return wrong(*document_, *node_, key, node, shown(*node),
               "a text of " + std::to_string(least) + "-" + std::to_string(most) + " bytes without control characters");
}

Result<std::string> ConfigTable::choice(std::string_view key, std::string_view fallback,
                                        const std::vector<std::string>& allowed) const {
  CPNS_TRY(auto word, text(key, fallback));
  if (std::ranges::find(allowed, word) != allowed.end()) return word;
  return refuse(key, "\"" + word + "\"", "one of: " + list_of(allowed));
}

Result<std::vector<std::string>> ConfigTable::texts(std::string_view key, std::vector<std::string> fallback,
                                                    std::size_t most_entries) const {
  const auto* node = ask(*node_, key);
  if (node == nullptr) return fallback;
  const auto* array = node->as_array();
  std::vector<std::string> found;
  bool good = array != nullptr && array->size() <= most_entries;
  for (std::size_t i = 0; good && i < array->size(); ++i) {
    const auto* text = array->get(i)->as_string();
    good = text != nullptr && !text->get().empty() && !has_control_character(text->get());
    if (good) found.push_back(text->get());
  }
  if (good) return found;
  return wrong(*document_, *node_, key, node, shown(*node),
               "a list of at most " + std::to_string(most_entries) + " texts");
}

Result<std::int64_t> ConfigTable::integer(std::string_view key, std::int64_t fallback, std::int64_t least,
                                          std::int64_t most) const {
  const auto* node = ask(*node_, key);
  if (node == nullptr) return fallback;
  const auto* number = node->as_integer();
  if (number != nullptr && number->get() >= least && number->get() <= most) return number->get();
  return wrong(*document_, *node_, key, node, shown(*node),
               "a whole number of " + std::to_string(least) + "-" + std::to_string(most));
}

Result<bool> ConfigTable::flag(std::string_view key, bool fallback) const {
  const auto* node = ask(*node_, key);
  if (node == nullptr) return fallback;
  if (const auto* flag = node->as_boolean()) return flag->get();
  return wrong(*document_, *node_, key, node, shown(*node), "true or false");
}

Result<std::chrono::seconds> ConfigTable::seconds(std::string_view key, std::chrono::seconds fallback,
                                                  std::chrono::seconds least, std::chrono::seconds most) const {
  CPNS_TRY(const auto count, integer(key, fallback.count(), least.count(), most.count()));
  return std::chrono::seconds(count);
}

Result<std::filesystem::path> ConfigTable::path(std::string_view key, std::string_view fallback) const {
  CPNS_TRY(const auto text, this->text(key, fallback, 4096));
  return text.empty() ? std::filesystem::path() : resolve_path(document_->folder, text);
}

Result<ConfigTable::Address> ConfigTable::address(std::string_view key, std::string_view fallback,
                                                  bool any_port) const {
  CPNS_TRY(const auto text, this->text(key, fallback, 262));
  // An Endpoint has no port 0; the form is checked with another port in its place.
  const bool zero = any_port && text.ends_with(":0");
  const auto endpoint = ids::Endpoint::parse(zero ? text.substr(0, text.size() - 1) + "1" : text);
  if (!endpoint) return refuse(key, "\"" + text + "\"", "host:port, such as 127.0.0.1:7443 or [::1]:7443");
  return Address{endpoint->host(), zero ? std::uint16_t{0} : endpoint->port()};
}

Result<ConfigTable> ConfigTable::table(std::string_view key) const {
  const auto* node = ask(*node_, key);
  if (node != nullptr && !node->is_table()) {
    return wrong(*document_, *node_, key, node, shown(*node), "a section [" + full_key(*node_, key) + "]");
  }
  auto& below = node_->below[std::string(key)];
  if (!below) {
    below = std::make_shared<Node>(Node{full_key(*node_, key), node == nullptr ? nullptr : node->as_table(), {}, {}});
  }
  return ConfigTable(document_, below);
}

Result<std::vector<std::pair<std::string, ConfigTable>>> ConfigTable::tables(std::string_view key) const {
  CPNS_TRY(const auto parent, table(key));
  std::vector<std::pair<std::string, ConfigTable>> found;
  if (parent.node_->table == nullptr) return found;
  for (const auto& [name, value] : *parent.node_->table) {
    CPNS_TRY(auto section, parent.table(name.str()));
    found.emplace_back(std::string(name.str()), std::move(section));
  }
  return found;
}

Result<std::vector<ConfigTable>> ConfigTable::list(std::string_view key, std::size_t most) const {
  const auto* node = ask(*node_, key);
  std::vector<ConfigTable> found;
  if (node == nullptr) return found;
  const auto* array = node->as_array();
  bool good = array != nullptr && array->size() <= most;
  for (std::size_t i = 0; good && i < array->size(); ++i) {
    const auto* table = array->get(i)->as_table();
    good = table != nullptr;
    if (!good) break;
    const auto name = full_key(*node_, key) + "[" + std::to_string(i) + "]";
    auto& below = node_->below[std::string(key) + "[" + std::to_string(i) + "]"];
    if (!below) below = std::make_shared<Node>(Node{name, table, {}, {}});
    found.push_back(ConfigTable(document_, below));
  }
  if (good) return found;
  return wrong(*document_, *node_, key, node, shown(*node),
               "at most " + std::to_string(most) + " sections [[" + full_key(*node_, key) + "]]");
}

Result<Config> Config::parse(std::string_view text, const std::filesystem::path& file) {
  auto document = std::make_shared<ConfigTable::Document>();
  document->file = file;
  std::error_code ignored;
  document->folder = std::filesystem::absolute(file, ignored).parent_path();
  try {
    document->content = toml::parse(text, file.string());
  } catch (const toml::parse_error& error) {
    return Error{Code::config_not_toml, file.string() + ":" + std::to_string(error.source().begin.line) + ": " +
                                            std::string(error.description())};
  }
  document->root = std::make_shared<ConfigTable::Node>(ConfigTable::Node{"", &document->content, {}, {}});
  return Config(std::move(document));
}

Result<Config> Config::open(const std::filesystem::path& file) {
  constexpr std::size_t kMostBytes = std::size_t{1} << 20U;
  CPNS_TRY(const auto mode, file_mode(file));
  if ((mode & (S_IWGRP | S_IWOTH)) != 0) {
    return Error{Code::config_writable_by_others, file.string(), "writable by its owner alone"};
  }
  auto bytes = read_file(file, kMostBytes);
  if (!bytes) return Error{Code::config_unreadable, bytes.error().got, bytes.error().expected};
  return parse(as_text(*bytes), file);
}

ConfigTable Config::root() const { return {document_, document_->root}; }

Result<void> Config::finish() const {
  if (auto error = unknown_key(*document_, *document_->root)) return *std::move(error);
  return {};
}

const std::filesystem::path& Config::folder() const { return document_->folder; }

}  // namespace cpns::runtime
