#include "server/identity_filter.hpp"

namespace cpns::server {

namespace {

constexpr std::size_t kPage = 4096;

}  // namespace

Result<IdentityFilter::After> IdentityFilter::load_page(store::DeviceStore& devices, const After& after) {
  CPNS_TRY(const auto page, devices.list_ids(after, kPage));
  for (const auto& id : page) insert(id);
  if (page.size() == kPage) return After(page.back());
  loading_.store(false, std::memory_order_release);
  return After();
}

}  // namespace cpns::server
