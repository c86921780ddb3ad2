#include "server/identity_filter.hpp"

namespace cpns::server {

namespace {

constexpr std::size_t kPage = 1000;

}  // namespace

Result<IdentityFilter::After> IdentityFilter::load_page(store::DeviceStore& devices, const After& after) {
  CPNS_TRY(const auto page, devices.list(after, kPage));
  for (const auto& device : page) {
    if (device.cm_device_id) insert(*device.cm_device_id);
  }
  if (page.size() == kPage) return After(page.back().assignment_id);
  loading_ = false;
  return After();
}

}  // namespace cpns::server
