#include "cli/explain.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <ostream>
#include <vector>

namespace cpns::cli {
namespace {

struct ClassName {
  MessageClass message_class;
  std::string_view word;
  std::string_view meaning;
};
constexpr auto kClasses = std::to_array<ClassName>({
    {MessageClass::Peer, "peer", "the other end broke a rule"},
    {MessageClass::Local, "local", "our own state or input broke a rule"},
    {MessageClass::Store, "store", "a store could not do what was asked"},
    {MessageClass::Transport, "transport", "a connection failed"},
    {MessageClass::Usage, "usage", "a person gave wrong options or configuration"},
    {MessageClass::Internal, "internal", "a bug of ours, or a machine that refuses basic service"},
    {MessageClass::Event, "event", "not an error: something worth a log line happened"},
});

const ClassName& class_of(const MessageInfo& info) {
  return *std::ranges::find(kClasses, info.message_class(), &ClassName::message_class);
}

std::string_view level_word(Level level) {
  switch (level) {
    case Level::Debug:
      return "debug";
    case Level::Info:
      return "info";
    case Level::Warning:
      return "warning";
    case Level::Error:
      return "error";
  }
  return "error";
}

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

// Levenshtein distance, ignoring case.
std::size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t above = row[j];
      const std::size_t change = diagonal + (lower(a[i - 1]) == lower(b[j - 1]) ? 0 : 1);
      row[j] = std::min({above + 1, row[j - 1] + 1, change});
      diagonal = above;
    }
  }
  return row[b.size()];
}

// A wrong letter before a right number is the likeliest slip: the number alone decides then.
std::size_t distance(std::string_view typed, const MessageInfo& info) {
  if (typed.size() == 4 && typed.substr(1) == info.id.substr(1)) return 0;
  return std::min(distance(typed, info.id), distance(typed, info.name));
}

Result<const MessageInfo*> find(std::string_view typed) {
  if (const auto* info = find_message(typed)) return info;
  const auto nearest =
      std::ranges::min_element(kCatalogue, {}, [&](const MessageInfo& info) { return distance(typed, info); });
  return Error{Code::unknown_message_code, std::string(typed.substr(0, 64)),
               "perhaps " + std::string(nearest->id) + " (" + std::string(nearest->name) + ")"};
}

std::vector<const MessageInfo*> in_order_of_number() {
  std::vector<const MessageInfo*> all;
  for (const auto& info : kCatalogue) all.push_back(&info);
  std::ranges::sort(all, {}, [](const MessageInfo* info) { return info->id.substr(1); });
  return all;
}

nlohmann::ordered_json to_json(const MessageInfo& info) {
  return {{"code", info.id},   {"name", info.name}, {"class", class_of(info).word}, {"level", level_word(info.level)},
          {"rule", info.rule}, {"text", info.text}, {"cause", info.cause},          {"action", info.action}};
}

std::string cell(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '|') out.push_back('\\');
    out.push_back(c);
  }
  return out;
}

}  // namespace

Result<std::string> explain_text(std::string_view id_or_name) {
  CPNS_TRY(const MessageInfo* info, find(id_or_name));
  const auto& kind = class_of(*info);
  std::string out;
  out.append(info->id).append("  ").append(info->text).append("\n\n");
  out.append("  name    ").append(info->name).append("\n");
  out.append("  class   ").append(kind.word).append(": ").append(kind.meaning).append("\n");
  out.append("  level   ").append(level_word(info->level)).append("\n");
  if (!info->rule.empty()) out.append("  rule    ").append(info->rule).append(" (docs/protocol.md)\n");
  out.append("  cause   ").append(info->cause).append("\n");
  out.append("  action  ").append(info->action).append("\n");
  return out;
}

Result<std::string> explain_json(std::string_view id_or_name) {
  CPNS_TRY(const MessageInfo* info, find(id_or_name));
  return to_json(*info).dump() + "\n";
}

void list_messages(std::ostream& out) {
  for (const auto* info : in_order_of_number()) out << info->id << "  " << info->text << "\n";
}

void list_messages_json(std::ostream& out) {
  for (const auto* info : in_order_of_number()) out << to_json(*info).dump() << "\n";
}

void write_messages_markdown(std::ostream& out) {
  out << "# Messages\n\n"
         "Made by `cpns explain --all --markdown` from `src/core/base/messages/*.def`; a check compares. Do not "
         "edit.\n\n"
         "The letter says what kind of message it is:\n\n| | |\n|---|---|\n";
  for (const auto& kind : kClasses) {
    out << "| " << static_cast<char>(kind.message_class) << " | " << kind.word << ": " << kind.meaning << " |\n";
  }
  out << "\n| Code | Level | Rule | What | Cause | What to do |\n|---|---|---|---|---|---|\n";
  for (const auto* info : in_order_of_number()) {
    out << "| " << info->id << " | " << level_word(info->level) << " | " << info->rule << " | " << cell(info->text)
        << " | " << cell(info->cause) << " | " << cell(info->action) << " |\n";
  }
}

}  // namespace cpns::cli
