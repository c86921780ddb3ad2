// Writes the seeds of every corpus: make_corpus tests/fuzz/corpus

#include <cstdio>

#include "fuzz/seeds.hpp"

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fprintf(stderr, "usage: make_corpus FOLDER\n");
    return 2;
  }
  cpns::fuzz::Corpus corpus(argv[1]);
  cpns::fuzz::add_identity_seeds(corpus);
  cpns::fuzz::add_message_seeds(corpus);
  cpns::fuzz::add_record_seeds(corpus);
  cpns::fuzz::add_link_seeds(corpus);
  cpns::fuzz::add_session_seeds(corpus);
  cpns::fuzz::add_settings_seeds(corpus);
  cpns::fuzz::add_stream_seeds(corpus);
  if (!corpus.ok()) std::fprintf(stderr, "could not write all files under %s\n", argv[1]);
  return corpus.ok() ? 0 : 1;
}
