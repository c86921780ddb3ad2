// Text forms of bytes and identities.

#include "core/base/encoding.hpp"
#include "fuzz/fuzz.hpp"
#include "fuzz/samples.hpp"
#include "fuzz/seeds.hpp"

namespace cpns::fuzz {

void add_identity_seeds(Corpus& corpus) {
  const auto id = sample_cm_device_id();
  corpus.add("encoding", "bytes", id.bytes());
  corpus.add("encoding", "hex", to_hex(id.bytes()));
  corpus.add("encoding", "base32", to_base32(id.bytes()));
  corpus.add("encoding", "base64url", to_base64url(id.bytes()));
  corpus.add("encoding", "upper_case", std::string_view("1792EAEE"));
  corpus.add("encoding", "utf8", std::string_view("T\xc3\xa9l\xc3\xa9 \xf0\x9f\x93\xb1 \xe2\x82\xac"));
  corpus.add("encoding", "utf8_overlong", std::string_view("\xc0\xaf\xe0\x80\xaf"));
  corpus.add("encoding", "utf8_surrogate", std::string_view("\xed\xa0\x80"));

  corpus.good("identity_text", "cm_device_id", id.text());
  corpus.add("identity_text", "cm_device_id_bytes", id.bytes());
  corpus.good("identity_text", "alias", sample_alias().text());
  corpus.good("identity_text", "server_id", sample_server_id().text());
  corpus.good("identity_text", "pn_gw_id_sip", sample_pn_gw_id().text());
  corpus.good("identity_text", "pn_gw_id_tel", std::string_view("tel:+358401234567"));
  corpus.good("identity_text", "endpoint", sample_endpoint().text());
  corpus.good("identity_text", "endpoint_ipv6", sample_endpoint6().text());
  corpus.good("identity_text", "longest_name", std::string(255, 'n'));

  corpus.good("identity_alias", "alias", sample_alias().text());
  corpus.add("identity_alias", "plain", id.text());
  corpus.add("identity_alias", "bytes", id.bytes());
}

}  // namespace cpns::fuzz
