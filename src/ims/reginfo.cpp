#include "ims/reginfo.hpp"

#include <expat.h>

#include <algorithm>
#include <exception>
#include <memory>
#include <optional>

#include "core/base/encoding.hpp"
#include "ims/sip_uri.hpp"

namespace cpns::ims {
namespace {

constexpr std::array<std::string_view, 9> kEvents{"registered",  "created",   "refreshed",    "shortened", "expired",
                                                  "deactivated", "probation", "unregistered", "rejected"};
// Expat writes names as namespace, this character, name; a namespace that holds it is refused by expat itself.
constexpr char kBetween = '\n';
constexpr std::string_view kNamespace = "urn:ietf:params:xml:ns:reginfo\n";
constexpr std::array<std::string_view, 4> kPath{"reginfo", "registration", "contact", "uri"};

/// What is read, and why reading stopped. Expat is C: no exception may pass through it.
class Reader {
 public:
  Result<Reginfo> read(ByteView document);

 private:
  static void on_start(void* self, const XML_Char* name, const XML_Char** attributes);
  static void on_end(void* self, const XML_Char* name);
  static void on_text(void* self, const XML_Char* text, int size);
  static void on_document_type(void* self, const XML_Char* name, const XML_Char* system, const XML_Char* pub,
                               int subset);
  template <class Step>
  void guarded(Step step) noexcept;
  void refuse(std::string got, std::string expected);
  void start(std::string_view name, const XML_Char** attributes);
  void end();
  void start_known(const XML_Char** attributes);
  [[nodiscard]] std::string_view attribute(const XML_Char** attributes, std::string_view name);

  XML_Parser parser_ = nullptr;
  std::optional<Error> refused_;
  std::exception_ptr thrown_;
  Reginfo info_;
  std::size_t depth_ = 0;
  std::size_t known_ = 0;  ///< how many of the open elements, from the root on, are those of kPath
  std::size_t elements_ = 0;
  bool uri_seen_ = false;
};

template <class Step>
void Reader::guarded(Step step) noexcept {
  if (refused_ || thrown_) return;
  try {
    step();
  } catch (...) {
    thrown_ = std::current_exception();
    XML_StopParser(parser_, XML_FALSE);
  }
}

void Reader::refuse(std::string got, std::string expected) {
  if (refused_) return;
  refused_ = Error{Code::sip_malformed, "reginfo with " + std::move(got), std::move(expected)};
  XML_StopParser(parser_, XML_FALSE);
}

std::string_view Reader::attribute(const XML_Char** attributes, std::string_view name) {
  for (; *attributes != nullptr; attributes += 2) {
    if (name == *attributes) return attributes[1];
  }
  return {};
}

void Reader::on_start(void* self, const XML_Char* name, const XML_Char** attributes) {
  auto& reader = *static_cast<Reader*>(self);
  reader.guarded([&] { reader.start(name, attributes); });
}

void Reader::on_end(void* self, const XML_Char* /*name*/) {
  auto& reader = *static_cast<Reader*>(self);
  reader.guarded([&] { reader.end(); });
}

void Reader::on_text(void* self, const XML_Char* text, int size) {
  auto& reader = *static_cast<Reader*>(self);
  if (reader.known_ != kPath.size() || reader.depth_ != kPath.size()) return;
  reader.guarded([&] { reader.info_.entries.back().contacts.back().uri.append(text, static_cast<std::size_t>(size)); });
}

void Reader::on_document_type(void* self, const XML_Char* /*name*/, const XML_Char* /*system*/, const XML_Char* /*pub*/,
                              int /*subset*/) {
  auto& reader = *static_cast<Reader*>(self);
  reader.guarded([&] { reader.refuse("a document type", "none: no entities of its own"); });
}

void Reader::start(std::string_view name, const XML_Char** attributes) {
  if (depth_ == kMostReginfoDepth) {
    return refuse("elements " + std::to_string(depth_ + 1) + " deep", std::to_string(kMostReginfoDepth));
  }
  const bool ours = name.starts_with(kNamespace);
  if (ours) name.remove_prefix(kNamespace.size());
  const bool known = ours && depth_ == known_ && depth_ < kPath.size() && name == kPath[depth_];
  if (depth_ == 0 && !known) return refuse("another root", "reginfo of RFC 3680");
  ++depth_;
  if (!known) return;
  ++known_;
  start_known(attributes);
}

void Reader::start_known(const XML_Char** attributes) {
  const auto state = attribute(attributes, "state");
  if (known_ == 1) {
    const auto version = decimal(attribute(attributes, "version"));
    if (!version || (state != "full" && state != "partial")) {
      return refuse("no version or state", "a number; full or partial");
    }
    info_.version = *version;
    info_.full = state == "full";
  } else if (known_ == 2) {
    RegEntry entry{.aor = std::string(attribute(attributes, "aor")), .state = {}, .contacts = {}};
    if (entry.aor.empty() || (state != "init" && state != "active" && state != "terminated")) {
      return refuse("a registration without aor or state", "a URI; init, active or terminated");
    }
    entry.state = state == "init" ? RegState::Init : state == "active" ? RegState::Active : RegState::Terminated;
    info_.entries.push_back(std::move(entry));
  } else if (known_ == 3) {
    const auto* event = std::ranges::find(kEvents, attribute(attributes, "event"));
    const auto retry = attribute(attributes, "retry-after");
    const auto seconds = retry.empty() ? std::uint32_t{0} : decimal(retry);
    if (event == kEvents.end() || !seconds || (state != "active" && state != "terminated")) {
      return refuse("a contact with another state or event", "those of RFC 3680 section 5.1");
    }
    info_.entries.back().contacts.push_back(
        {{}, state == "terminated", static_cast<RegEvent>(event - kEvents.begin()), *seconds});
    uri_seen_ = false;
  } else if (std::exchange(uri_seen_, true)) {
    return refuse("a contact with two URIs", "one");
  }
  if (known_ < kPath.size() && ++elements_ > kMostReginfoElements) {
    refuse("more than " + std::to_string(kMostReginfoElements) + " registrations and contacts", "fewer");
  }
}

void Reader::end() {
  if (depth_ == known_) {
    if (known_ == 3) {
      const auto& uri = info_.entries.back().contacts.back().uri;
      if (uri.empty() || has_control_character(uri)) return refuse("a contact without URI", "a URI, in one line");
    }
    --known_;
  }
  --depth_;
}

Result<Reginfo> Reader::read(ByteView document) {
  if (document.size() > kMostReginfoBytes) {
    refused_ = Error{Code::sip_malformed, "reginfo of " + std::to_string(document.size()) + " bytes",
                     "at most " + std::to_string(kMostReginfoBytes)};
    return std::move(*refused_);
  }
  const std::unique_ptr<XML_ParserStruct, decltype(&XML_ParserFree)> parser(XML_ParserCreateNS("UTF-8", kBetween),
                                                                            XML_ParserFree);
  if (!parser) throw std::bad_alloc();
  parser_ = parser.get();
  XML_SetUserData(parser_, this);
  XML_SetElementHandler(parser_, on_start, on_end);
  XML_SetCharacterDataHandler(parser_, on_text);
  XML_SetStartDoctypeDeclHandler(parser_, on_document_type);
  const auto text = as_text(document);
  const auto status = XML_Parse(parser_, text.data(), static_cast<int>(text.size()), XML_TRUE);
  if (thrown_) std::rethrow_exception(thrown_);
  if (refused_) return std::move(*refused_);
  if (status == XML_STATUS_OK) return std::move(info_);
  const auto failed = XML_GetErrorCode(parser_);
  if (failed == XML_ERROR_NO_MEMORY) throw std::bad_alloc();
  return Error{Code::sip_malformed, std::string("reginfo: ") + XML_ErrorString(failed), "well-formed XML in UTF-8"};
}

RegVerdict verdict_of(const RegContact& contact) {
  using Kind = RegVerdict::Kind;
  if (!contact.terminated) return {};
  switch (contact.event) {
    case RegEvent::Rejected:
    case RegEvent::Unregistered:
      return {Kind::Stop, contact.event, 0};
    case RegEvent::Probation:
      return {Kind::AgainLater, contact.event, contact.retry_after};
    default:
      return {Kind::Again, contact.event, 0};
  }
}

}  // namespace

std::string_view to_text(RegEvent event) noexcept { return kEvents[static_cast<std::size_t>(event)]; }

Result<Reginfo> parse_reginfo(ByteView document) { return Reader().read(document); }

RegVerdict judge(const Reginfo& info, std::string_view aor, std::string_view contact) {
  using Kind = RegVerdict::Kind;
  RegVerdict verdict;
  for (const auto& entry : info.entries) {
    if (!same_place(entry.aor, aor)) continue;
    // The last word on one contact holds: a document may tell of its end and of its coming back.
    const auto mine = std::find_if(entry.contacts.rbegin(), entry.contacts.rend(),
                                   [&](const auto& one) { return same_place(one.uri, contact); });
    if (mine != entry.contacts.rend()) {
      verdict = verdict_of(*mine);
    } else if (entry.state == RegState::Terminated) {
      verdict = {Kind::Again, RegEvent::Expired, 0};
      for (const auto& one : entry.contacts) {
        const auto other = verdict_of(one);
        if (other.kind > verdict.kind || (other.kind == verdict.kind && one.terminated)) verdict = other;
      }
    }
  }
  return verdict;
}

}  // namespace cpns::ims
