// cpns-device: the CM Device. Commands are in src/device; here the store is chosen.
#include <iostream>

#include "device/program.hpp"
#include "runtime/process.hpp"
#include "store/file/file_credential_store.hpp"

int main(int argc, char** argv) {
  using namespace cpns;
  const auto protection = runtime::protect_process();
  if (!protection) {
    std::cerr << to_text(protection.error()) << "\n  action: " << protection.error().info().action << "\n";
    return 1;
  }
  const device::OpenStore open_store = [](const device::DeviceFolder& folder) {
    return std::make_unique<store::file::FileCredentialStore>(folder.record());
  };
  return device::run_program(argc, argv, std::cout, std::cerr, open_store);
}
