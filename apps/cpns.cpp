// cpns: the person's side. Commands are in src/cli; those that open a server's store are here.
#include <iostream>

#include "audit_tools.hpp"
#include "cli/program.hpp"

int main(int argc, char** argv) {
  return cpns::cli::run_program(argc, argv, std::cout, std::cerr, cpns::apps::add_audit);
}
