// `cpns explain` and `cpns vectors`: commands that need no server.
#include <fstream>
#include <memory>
#include <nlohmann/json.hpp>
#include <ostream>
#include <sstream>

#include "cli/explain.hpp"
#include "cli/program.hpp"
#include "cli/vectors.hpp"

namespace cpns::cli {
namespace {

struct ExplainOptions {
  std::string code;
  bool all = false, markdown = false, json = false;
};

void explain(const ExplainOptions& options, Console& console) {
  if (options.all && options.markdown) return write_messages_markdown(console.out);
  if (options.all) return options.json ? list_messages_json(console.out) : list_messages(console.out);
  const auto text = options.json ? explain_json(options.code) : explain_text(options.code);
  if (!text) return console.fail(text.error(), options.json);
  console.out << *text;
}

struct VectorsOptions {
  std::string file;
  bool json = false;
};

Result<std::string> read_file(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream text;
  if (!(in && text << in.rdbuf())) return Error{Code::named_file_unreadable, path, "a readable file"};
  return std::move(text).str();
}

Result<VectorReport> check_file(const std::string& path) {
  CPNS_TRY(const std::string text, read_file(path));
  CPNS_TRY(const VectorFile file, parse_vector_file(text));
  return check_vectors(file);
}

void show(const VectorReport& report, bool json, std::ostream& out) {
  for (const auto& line : report.lines) {
    if (json) {
      out << nlohmann::ordered_json{{"vector", line.name}, {"about", line.about}, {"agreed", line.fields}}.dump()
          << "\n";
      continue;
    }
    std::string about = line.about.size() > 70 ? line.about.substr(0, 67) + "..." : line.about;
    std::string name = line.name;
    name.resize(std::max<std::size_t>(name.size(), 17), ' ');
    out << "  " << name << " " << line.fields.size() << (line.fields.size() > 9 ? "" : " ") << " agree  " << about
        << "\n";
  }
  if (json) {
    out << nlohmann::ordered_json{{"vectors", report.lines.size()}, {"values", report.values()}}.dump() << "\n";
    return;
  }
  out << "All " << report.values() << " values of " << report.lines.size()
      << " vectors agree:\n  "
         "keys, identities, transcripts, confirm codes, the sealing of the Key Seed, the start of a renewal.\n";
}

}  // namespace

void add_explain(CLI::App& app, Console& console) {
  auto options = std::make_shared<ExplainOptions>();
  auto* command = app.add_subcommand("explain", "Say what a message's code means, why it happens and what to do");
  auto* code = command->add_option("CODE", options->code, "a code such as P204, or a message's name");
  auto* all = command->add_flag("--all", options->all, "list every message")->excludes(code);
  command->add_flag("--markdown", options->markdown, "with --all: the whole of docs/messages.md")->needs(all);
  command->add_flag("--json", options->json, "one JSON object a line");
  command->footer("Example: cpns explain S109");
  command->callback([options, &console] {
    if (!options->all && options->code.empty()) throw CLI::RequiredError("CODE, or --all");
    explain(*options, console);
  });
}

void add_vectors(CLI::App& app, Console& console) {
  auto options = std::make_shared<VectorsOptions>();
  auto* command = app.add_subcommand("vectors", "Derive every value of a vector file with this build and compare");
  command->add_option("FILE", options->file, "JSON, of the form of tests/vectors/dka-v1.json")->required();
  command->add_flag("--json", options->json, "one JSON object a line");
  command->footer(
      "Example: cpns vectors tests/vectors/dka-v1.json\nThe first difference is named and ends it with status 1.");
  command->callback([options, &console] {
    const auto report = check_file(options->file);
    if (!report) return console.fail(report.error(), options->json);
    show(*report, options->json, console.out);
  });
}

}  // namespace cpns::cli
