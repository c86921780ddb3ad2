// P-Asserted-Identity, from whoever reaches the application server.

#include "fuzz/fuzz.hpp"
#include "ims/asserted_identity.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace cpns;
  const ims::SipHeaders headers{{"P-Asserted-Identity", std::string(as_text({data, size}))}};
  const auto id = ims::asserted_identity(headers);
  if (!id) return 0;
  // One user has one spelling: what was read, asserted again, is the same user.
  const auto again = ims::asserted_identity({{"P-Asserted-Identity", "<" + id->text() + ">"}});
  fuzz::require(again.ok() && *again == *id, "an identity is its own spelling");
  fuzz::require(id->text().find_first_of("<>\", \r\n;?") == std::string::npos, "an identity is a plain URI");
  fuzz::accept();
  return 0;
}
