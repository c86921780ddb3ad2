#pragma once
// JSON of the admin interface. Pure.

#include <nlohmann/json.hpp>

#include "server/admin/verb.hpp"

namespace cpns::server::admin {

using Json = nlohmann::ordered_json;

/// `2024-11-24T03:00:00Z`; null where there is no time.
[[nodiscard]] Json to_json(const std::optional<ids::UnixTime>& time);
[[nodiscard]] Json to_json(const store::GatewayInfo& gateway);
[[nodiscard]] Json to_json(const store::DeviceInfo& device);
/// {"code":"P501","text":...,"got":...,"expected":...,"action":...}
[[nodiscard]] Json to_json(const Error& error);

/// Text with whatever is not UTF-8 replaced.
[[nodiscard]] std::string dump(const Json& json);
[[nodiscard]] Reply reply(const Json& json, unsigned status = 200);
/// The status that goes with an error.
[[nodiscard]] Reply reply(const Error& error);

/// The body as an object with no other members than `names`. Fails with `admin_request_malformed`,
/// `admin_member_unknown`.
[[nodiscard]] Result<Json> parse_body(const std::string& body, std::initializer_list<std::string_view> names);

/// `limit` of a query: 1-1000, else 500.
[[nodiscard]] Result<std::size_t> page_size(const Request& request);

}  // namespace cpns::server::admin
