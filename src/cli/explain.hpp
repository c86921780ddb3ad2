#pragma once
// `cpns explain`: says what a code of the catalogue means, why it happens and what to do, and makes docs/messages.md
// from the same table. Pure; thread-safe.

#include <iosfwd>
#include <string>

#include "core/base/result.hpp"

namespace cpns::cli {

/// One message for a person. `id_or_name` in any case, `P204` or `cm_device_id_differs`.
/// Fails with `unknown_message_code`, whose `expected` names the nearest message there is.
[[nodiscard]] Result<std::string> explain_text(std::string_view id_or_name);
/// The same as one JSON object.
[[nodiscard]] Result<std::string> explain_json(std::string_view id_or_name);

/// Every message, in order of its number: one line each, or the whole of docs/messages.md.
void list_messages(std::ostream& out);
void list_messages_json(std::ostream& out);
void write_messages_markdown(std::ostream& out);

}  // namespace cpns::cli
