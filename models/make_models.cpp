// Writes models/generated/tables.pml: the messages and legal runs of kRuns, and the transitions of PN GW activation, as
// Promela. The models take every message that they send from these tables, so that a run that is changed in the code
// is checked anew, or does not fit any more.
//   make_models FILE            writes it
//   make_models --check FILE    exit status 1 where FILE is another text

#include <fstream>
#include <iostream>
#include <iterator>
#include <sstream>

#include "core/activation/transitions.hpp"
#include "core/assign/steps.hpp"

namespace {

using namespace cpns;

std::string name_of(assign::MessageKind kind) { return std::string(assign::message_row(kind)->name); }

std::string identifier(std::string_view text) {
  std::string made;
  for (const char c : text)
    made += (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ? c : '_';
  return made;
}

std::string_view side_of(assign::Party party) {
  switch (party) {
    case assign::Party::CmDevice:
      return "DEVICE";
    case assign::Party::PnGw:
      return "PNGW";
    case assign::Party::Server:
      return "SERVER";
  }
  return "";
}

void write_messages(std::ostream& out) {
  out << "/* Messages of runs; 0 is none. */\n";
  int number = 1;
  for (const auto& row : assign::kMessages) out << "#define " << row.name << " " << number++ << "\n";
  out << "#define Alert " << number << "\n\n";
}

void write_runs(std::ostream& out) {
  std::size_t longest = 0;
  for (const auto& run : assign::kRuns) longest = std::max(longest, run.messages.size());
  out << "/* Every complete legal run, as one side sees it [M2]. */\n#define RUNS " << assign::kRuns.size()
      << "\n#define LONGEST " << longest << "\n";
  for (const auto party : {assign::Party::CmDevice, assign::Party::PnGw, assign::Party::Server}) {
    unsigned mask = 0;
    for (std::size_t i = 0; i < assign::kRuns.size(); ++i) {
      if (assign::kRuns[i].seen_by == party) mask |= 1U << i;
    }
    out << "#define RUNS_OF_" << side_of(party) << " " << mask << "\n";
  }
  out << "hidden byte run_length[RUNS];\nhidden byte run_message[" << assign::kRuns.size() * longest << "];\n\n"
      << "inline fill_runs() {\n";
  for (std::size_t i = 0; i < assign::kRuns.size(); ++i) {
    const auto& run = assign::kRuns[i];
    out << "  /* " << side_of(run.seen_by) << ": " << run.name << " */\n  run_length[" << i
        << "] = " << run.messages.size() << ";\n";
    for (std::size_t k = 0; k < run.messages.size(); ++k) {
      out << "  run_message[" << i * longest + k << "] = " << name_of(run.messages[k]) << ";\n";
    }
  }
  out << "}\n\n";
}

void write_transitions(std::ostream& out) {
  out << "/* PN GW activation: states, events, and the legal changes of kTransitions. */\n";
  for (std::size_t i = 0; i < activation::kStates; ++i) {
    out << "#define ST_" << identifier(activation::name_of(static_cast<activation::State>(i))) << " " << i << "\n";
  }
  for (const auto& row : activation::kTransitions) {
    static_cast<void>(row);
  }
  std::string seen;
  for (const auto& row : activation::kTransitions) {
    const auto name = "ON_" + identifier(activation::name_of(row.on));
    if (seen.find(name + " ") != std::string::npos) continue;
    seen += name + " ";
    out << "#define " << name << " " << static_cast<int>(row.on) << "\n";
  }
  out << "#define LEGAL(from, on, to) ( \\\n";
  for (std::size_t i = 0; i < activation::kTransitions.size(); ++i) {
    const auto& row = activation::kTransitions[i];
    out << "  (from == " << static_cast<int>(row.from) << " && on == " << static_cast<int>(row.on)
        << " && to == " << static_cast<int>(row.to) << ")"
        << (i + 1 < activation::kTransitions.size() ? " || \\\n" : ")\n");
  }
}

std::string tables() {
  std::ostringstream out;
  out << "/* Made by make_models from src/core/assign/steps.hpp and src/core/activation/transitions.hpp. */\n\n";
  write_messages(out);
  write_runs(out);
  write_transitions(out);
  return out.str();
}

}  // namespace

int main(int argc, char** argv) {
  const bool check = argc == 3 && std::string_view(argv[1]) == "--check";
  if (!check && argc != 2) {
    std::cerr << "usage: make_models [--check] models/generated/tables.pml\n";
    return 2;
  }
  const std::string file = argv[argc - 1];
  if (check) {
    std::ifstream in(file);
    const std::string found(std::istreambuf_iterator<char>(in), {});
    if (found == tables()) return 0;
    std::cerr << file << " is not what the tables of the code say; run `make_models " << file
              << "` and look at the models\n";
    return 1;
  }
  std::ofstream(file) << tables();
  return 0;
}
