#pragma once
// `cpns-server init`: makes the folder of a new server, all or nothing. Blocking.

#include <functional>
#include <memory>

#include "core/crypto/random.hpp"
#include "server/folder.hpp"
#include "server/settings.hpp"
#include "store/sealer.hpp"

namespace cpns::server {

/// Makes the first master key as the settings say, in the folder that is being built.
using MakeKeys = std::function<Result<std::unique_ptr<store::Sealer>>(const Folder& folder, const Settings& settings)>;
/// Makes an empty store at a path; the program says which kind.
using MakeStore = std::function<Result<void>(const std::filesystem::path& file, store::Sealer& sealer)>;

/// Makes `folder` (0700) with configuration, keys (0600), CA, server certificate and store. Built beside it under
/// another name and moved into place last, so that a failure leaves nothing. Fails with `folder_not_empty`,
/// `folder_not_made`, `server_id_malformed`, or a configuration, key source, tls or store error.
/// Returns what was made, relative to the folder, for people.
[[nodiscard]] Result<std::vector<std::string>> init_folder(const std::filesystem::path& folder,
                                                           const InitChoices& choices, crypto::Random& random,
                                                           ids::UnixTime now, const MakeKeys& make_keys,
                                                           const MakeStore& make_store);

}  // namespace cpns::server
