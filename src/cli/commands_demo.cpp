// `cpns demo`, and the service that it starts for itself.
#include <iostream>
#include <memory>

#include "cli/demo/demo.hpp"
#include "cli/demo/demo_service.hpp"
#include "cli/program.hpp"

namespace cpns::cli {
namespace {

struct Options {
  DemoOptions demo;
  std::string keep;
  bool json = false;
};

}  // namespace

void add_demo(CLI::App& app, Console& console) {
  auto options = std::make_shared<Options>();
  auto* command = app.add_subcommand("demo", "Run the main job between real processes and watch it");
  command->add_option("--keep", options->keep, "make everything in this empty folder and keep it: keys, stores, logs");
  command->add_option("--size", options->demo.size_mib, "MiB to download through the direct link")
      ->check(CLI::Range(1, 4096))
      ->capture_default_str();
  command->add_flag("--json", options->json, "one JSON object a line");
  command->footer("Example: cpns demo --size 256");
  command->callback([options, &console] {
    options->demo.keep = options->keep;
    const auto view =
        options->json ? make_json_view(console.out) : make_text_view(console.out, Terminal::of_standard_output());
    const auto done = run_demo(options->demo, *view);
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
