// cpns: the person's side. Commands are in src/cli.
#include <iostream>

#include "cli/program.hpp"

int main(int argc, char** argv) { return cpns::cli::run_program(argc, argv, std::cout, std::cerr); }
