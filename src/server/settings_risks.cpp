#include "server/settings.hpp"

namespace cpns::server {

std::vector<std::string> risks_of(const Settings& settings) {
  std::vector<std::string> risks;
  if (settings.renew_within.count() == 0) {
    risks.emplace_back(
        "[assignment] renew_within_seconds = 0: whoever ran the PN GW at pairing time knows the key [R6]");
  }
  if (settings.ims.enabled() && settings.ims.tls_folder.empty()) {
    risks.emplace_back("[ims] tls_folder = \"\": whoever can send from an address of s_cscf is taken for it [L1]");
  }
  if (!settings.process.sandbox) {
    risks.emplace_back("[process] sandbox = false: system calls that the server does not need stay open");
  }
  return risks;
}

}  // namespace cpns::server
