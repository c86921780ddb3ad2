// `cpns demo`, and the service that it starts for itself.
#include <iostream>
#include <memory>

#include "cli/demo/demo.hpp"
#include "cli/demo/demo_service.hpp"
#include "cli/demo/modes_demo.hpp"
#include "cli/program.hpp"

namespace cpns::cli {
namespace {

struct Options {
  DemoOptions demo;
  std::string keep;
  bool json = false;
  bool modes = false;
};

Result<void> main_job_of(const Options& options, Console& console) {
  const auto view =
      options.json ? make_json_view(console.out) : make_text_view(console.out, Terminal::of_standard_output());
  return run_demo(options.demo, *view);
}

Result<void> modes_of(const Options& options, Console& console) {
  const auto view = options.json ? make_modes_json_view(console.out)
                                 : make_modes_text_view(console.out, Terminal::of_standard_output());
  return run_modes_demo(options.demo, *view);
}

}  // namespace

void add_demo(CLI::App& app, Console& console) {
  auto options = std::make_shared<Options>();
  auto* command = app.add_subcommand("demo", "Run the main job between real processes and watch it");
  command->add_option("--keep", options->keep, "make everything in this empty folder and keep it: keys, stores, logs");
  command->add_option("--size", options->demo.size_mib, "MiB to download")
      ->check(CLI::Range(1, 4096))
      ->capture_default_str();
  command->add_flag("--modes", options->modes,
                    "Show both modes instead: a download that goes on while links come and go (half a minute)");
  command->add_flag("--json", options->json, "one JSON object a line");
  command->footer("Examples:\n  cpns demo --size 256\n  cpns demo --modes");
  command->callback([options, &console] {
    options->demo.keep = options->keep;
    const auto done = options->modes ? modes_of(*options, console) : main_job_of(*options, console);
    if (!done) console.fail(done.error(), options->json);
  });

  auto* service = app.add_subcommand("demo-service", "The small HTTP service of the demo");
  service->group("");  // not shown: a part of the demo
  service->callback([&console] {
    const auto ready = [&console](std::uint16_t port) { console.out << port << std::endl; };
    const auto served = run_demo_service(ready);
    if (!served) console.fail(served.error(), false);
  });
}

}  // namespace cpns::cli
