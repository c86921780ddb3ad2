#pragma once
// The admin interface: one file for each request, each with one entry that says what it takes and gives. The list at
// `GET /v1` and the routing both come from these entries.

#include <map>
#include <nlohmann/json_fwd.hpp>
#include <span>
#include <string>
#include <vector>

#include "server/direct_links.hpp"
#include "server/operator_listener.hpp"
#include "store/token_store.hpp"

namespace cpns::server {
class KeyKeeper;
class ImsListener;
}  // namespace cpns::server

namespace cpns::server::admin {

/// What requests may look at and change.
struct View {
  Context& context;
  const Settings& settings;
  DirectLinks& direct_links;
  OperatorListener& operator_links;
  KeyKeeper& keys;
  store::TokenStore& tokens;
  ids::Endpoint operator_endpoint;                             ///< for enrolment tokens
  std::vector<std::pair<std::string, std::string>> listeners;  ///< link, address
  ids::UnixTime started_at;
  ImsListener* ims = nullptr;  ///< none where there is no [ims]
};

struct Request {
  std::vector<std::string> values;           ///< what stood in the `{...}` of the path
  std::map<std::string, std::string> query;  ///< only names that the verb takes
  std::string body;                          ///< JSON text, empty where there is none
  std::string actor = "operator";            ///< who asks: that, or the name of a token
};

struct Reply {
  unsigned status = 200;
  std::string body;  ///< JSON text; wiped after sending, for it may hold a token
};

struct Verb {
  std::string_view method;
  std::string_view path;   ///< `{name}` stands for one segment
  std::string_view takes;  ///< members of the body, or names of the query; empty: nothing
  std::string_view gives;
  std::string_view what;
  std::vector<std::string_view> query_names;
  runtime::Task<Result<Reply>> (*handler)(View& view, Request request);
  store::Scope scope;  ///< what a token must hold
};

/// All requests, in the order of the list.
[[nodiscard]] std::span<const Verb* const> verbs();

extern const Verb kIndex;
extern const Verb kAddGateway;
extern const Verb kListGateways;
extern const Verb kInviteGateway;
extern const Verb kListDevices;
extern const Verb kShowDevice;
extern const Verb kRevokeDevice;
extern const Verb kEraseDevice;
extern const Verb kExemptDevice;
extern const Verb kRevokeGateway;
extern const Verb kRevokeBefore;
extern const Verb kPurge;
extern const Verb kCountPurge;
extern const Verb kKeyStatus;
extern const Verb kRotateKeys;
extern const Verb kRemoveKey;
extern const Verb kListTokens;
extern const Verb kAddToken;
extern const Verb kWithdrawToken;
extern const Verb kStatus;

struct Match {
  const Verb* verb;
  Request request;
};
/// Finds the verb of `method` and `target`. Fails with `admin_path_unknown`, or `admin_member_unknown` for a name in
/// the query that the verb does not take. Pure.
[[nodiscard]] Result<Match> match(std::string_view method, std::string_view target);

}  // namespace cpns::server::admin
