// `cpns-device mode`, and what `status --watch` shows.

#include <ostream>

#include "device/control.hpp"
#include "device/program.hpp"

namespace cpns::device {
namespace {

struct ModeOptions {
  std::string dir;
  std::string mode;
};

Result<void> mode_command(const ModeOptions& options, Console& console) {
  CPNS_CHECK(send_wish(DeviceFolder{options.dir}, options.mode));
  console.out << (options.mode == "auto" ? "The policy of device.toml decides again.\n"
                                         : "The device changes to " + options.mode + "; applications go on.\n");
  return {};
}

}  // namespace

Result<void> show_changes(const DeviceFolder& folder, bool json, Console& console) {
  std::optional<Error> unreadable;
  CPNS_CHECK(watch_status(folder, [&](const std::string& line) {
    if (json) {
      console.out << line << "\n" << std::flush;
      return;
    }
    if (auto text = text_of_status(line)) {
      console.out << *text << "\n" << std::flush;
    } else {
      unreadable = std::move(text).error();
    }
  }));
  if (unreadable) return *std::move(unreadable);
  return {};
}

void add_mode(CLI::App& app, Console& console) {
  auto* command = app.add_subcommand("mode", "Tell the running device which way data is to go");
  auto options = std::make_shared<ModeOptions>();
  command
      ->add_option("MODE", options->mode,
                   "direct or gateway (only), prefer-direct or prefer-gateway, auto (as device.toml says)")
      ->required()
      ->check(CLI::IsMember({"direct", "gateway", "prefer-direct", "prefer-gateway", "auto"}));
  command->add_option("--dir", options->dir, "Folder of this device")->required();
  command->footer("Examples:\n  cpns-device mode gateway --dir ~/.cpns\n  cpns-device mode auto --dir ~/.cpns");
  command->callback([options, &console] {
    if (auto done = mode_command(*options, console); !done) console.fail(done.error());
  });
}

}  // namespace cpns::device
