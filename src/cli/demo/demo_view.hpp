#pragma once
// What `cpns demo` shows, for people or as one JSON object a line.

#include <iosfwd>

#include "cli/demo/listener_report.hpp"
#include "cli/demo/step_watch.hpp"
#include "cli/terminal.hpp"

namespace cpns::cli {

struct Download {
  std::uint64_t bytes;
  std::uint64_t size;
  double seconds;
  [[nodiscard]] double megabytes_per_second() const {
    return seconds > 0 ? static_cast<double>(bytes) / 1e6 / seconds : 0;
  }
};

class DemoView {
 public:
  virtual ~DemoView() = default;
  virtual void started(World& world) = 0;
  virtual void step(const SeenStep& step) = 0;
  virtual void answered(const std::string& path, const std::string& body) = 0;
  virtual void listened(const ListenerReport& report) = 0;
  virtual void progress(const Download& so_far) = 0;
  virtual void downloaded(const Download& download, const std::string& sha256) = 0;
  virtual void ended(double took, const std::string& kept_folder) = 0;
};

[[nodiscard]] std::unique_ptr<DemoView> make_text_view(std::ostream& out, Terminal terminal);
[[nodiscard]] std::unique_ptr<DemoView> make_json_view(std::ostream& out);

}  // namespace cpns::cli
