#include "cli/demo/listener_report.hpp"

#include <algorithm>

#include "cli/demo/client_hello.hpp"

namespace cpns::cli {
namespace {

struct Link {
  std::string name;
  Relay& relay;
};

std::vector<Link> links_of(World& world) {
  return {
      {"operator link", world.operator_link()}, {"PAN link", world.pan_link()}, {"direct link", world.direct_link()}};
}

std::string meaning_of(const std::string& what, const std::string& text) {
  if (what == "protocol") return {};
  if (what == "server name") return "which server is called";
  if (text.starts_with("enroll-")) return "number of an enrolment token, used once";
  if (text.starts_with("pair-")) return "number of a pairing code, used once";
  if (text.starts_with("pan-")) return "number of a pairing, the same each time";
  if (text.starts_with("cm-")) return "the CM Device ID itself: a listener can follow the device";
  return "alias; only the server opens it";
}

void note(ListenerReport& report, const std::string& link, const std::string& what, const std::string& text) {
  if (text.empty()) return;
  const auto same = std::ranges::find_if(report.in_clear, [&](const auto& known) {
    return known.link == link && known.what == what && known.text == text;
  });
  if (same != report.in_clear.end()) {
    ++same->times;
  } else {
    report.in_clear.push_back({link, what, text, 1, meaning_of(what, text)});
  }
}

}  // namespace

ListenerReport make_listener_report(World& world, const std::vector<std::pair<std::string, std::string>>& wanted) {
  ListenerReport report;
  const auto links = links_of(world);
  for (const auto& [what, text] : wanted) {
    ListenerReport::Search search{what, text, {}};
    for (const auto& link : links) {
      if (link.relay.capture().contains(as_bytes(text))) search.found_on.push_back(link.name);
    }
    report.searches.push_back(std::move(search));
  }
  for (const auto& link : links) {
    for (const auto direction : {Direction::Forth, Direction::Back})
      report.bytes += link.relay.capture().total(direction);
    for (const auto& stream : link.relay.capture().streams(Direction::Forth)) {
      const auto hello = read_client_hello(stream);
      if (!hello) continue;
      note(report, link.name, "server name", hello->server_name);
      for (const auto& identity : hello->psk_identities) note(report, link.name, "PSK identity", identity);
      for (const auto& protocol : hello->alpn) note(report, link.name, "protocol", protocol);
    }
  }
  return report;
}

}  // namespace cpns::cli
