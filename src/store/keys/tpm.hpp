#pragma once
// A TPM 2.0 as keeper of the sealing key: 32 random bytes, sealed under the storage primary key of the owner hierarchy.
// The sealed object lies in a file that only this TPM opens. On its way between TPM and program the key is encrypted
// under a session that is salted with the primary key; who can put himself on the bus and answer for the TPM at the
// moment of sealing is not kept out.

#include <filesystem>
#include <optional>

#include "core/base/result.hpp"
#include "core/crypto/random.hpp"
#include "core/secret/keys.hpp"

namespace cpns::store::keys {

/// Whether there is one: `tcti` names it, or /dev/tpmrm0 is there.
[[nodiscard]] bool tpm_is_there(const std::string& tcti);

/// The key that `file` holds; made and sealed into it where it is missing and `make` says so, else nullopt. Fails with
/// `local_seal_unusable`, also where the file is of another TPM.
[[nodiscard]] Result<std::optional<secret::LocalSealKey>> key_in_tpm(const std::string& tcti,
                                                                     const std::filesystem::path& file, bool make,
                                                                     crypto::Random& random);

}  // namespace cpns::store::keys
