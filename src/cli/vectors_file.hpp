#pragma once
// The JSON form of test vectors for protocol.md section 2, as made by an independent program. Strict: every member
// is required, no other is allowed, none twice, hexadecimal in lower case and of the exact length. The "secrets" in
// such a file are public; they are kept in plain bytes.

#include <map>

#include "core/base/bytes.hpp"
#include "core/base/result.hpp"

namespace cpns::cli {

/// One whole assignment, steps 0-10.
struct AssignmentVector {
  std::string server_id, pn_gw_id, cm_device_id_text;
  std::vector<std::pair<int, Bytes>> messages;  ///< step number and message, in sending order: 0, 2, 4, 6, 8, 10
  std::map<std::string, Bytes> values;          ///< by member name: key_seed, prk, cm_device_id and so on
  std::vector<Bytes> transcript_chain;          ///< T0, then T after each message
};

/// Sealing of the Key Seed on its way in step 2 [S9].
struct KeySeedWrapVector {
  std::map<std::string, Bytes> values;
};

/// Start of a renewal's transcript [R1].
struct RenewalVector {
  std::string server_id, pn_gw_id;
  std::map<std::string, Bytes> values;
};

struct VectorFile {
  std::vector<AssignmentVector> assignments;
  std::vector<KeySeedWrapVector> wraps;
  std::vector<RenewalVector> renewals;
};

/// Pure. Fails with `vectors_malformed`, which names the place, such as `vectors[3].prk`.
[[nodiscard]] Result<VectorFile> parse_vector_file(std::string_view json);

}  // namespace cpns::cli
