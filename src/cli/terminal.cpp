#include "cli/terminal.hpp"

#include <langinfo.h>
#include <unistd.h>

#include <algorithm>
#include <clocale>
#include <cstdlib>
#include <cstring>

namespace cpns::cli {

Terminal Terminal::of_standard_output() {
  const bool tty = ::isatty(STDOUT_FILENO) == 1;
  const char* kind = std::getenv("TERM");
  const bool dumb = kind == nullptr || std::strcmp(kind, "dumb") == 0;
  std::setlocale(LC_CTYPE, "");
  Terminal terminal;
  terminal.live = tty && !dumb;
  terminal.colours = terminal.live && std::getenv("NO_COLOR") == nullptr;
  terminal.unicode = std::strcmp(::nl_langinfo(CODESET), "UTF-8") == 0;
  return terminal;
}

std::string Terminal::paint(const char* code, const std::string& text) const {
  return colours ? "\x1b[" + std::string(code) + "m" + text + "\x1b[0m" : text;
}

std::string Terminal::rule(std::size_t width) const {
  std::string line;
  for (std::size_t i = 0; i < width; ++i) line += unicode ? "─" : "-";
  return line;
}

std::string Terminal::bar(double share, std::size_t width) const {
  const auto full = static_cast<std::size_t>(std::clamp(share, 0.0, 1.0) * static_cast<double>(width));
  std::string out;
  for (std::size_t i = 0; i < width; ++i) {
    out += i < full ? (unicode ? "█" : "#") : (unicode ? "░" : ".");
  }
  return out;
}

namespace {

// Columns of UTF-8 text: bytes that do not continue a character.
std::size_t columns(const std::string& text) {
  return static_cast<std::size_t>(
      std::ranges::count_if(text, [](char c) { return (static_cast<unsigned char>(c) & 0xc0U) != 0x80U; }));
}

}  // namespace

std::string padded(std::string text, std::size_t width) {
  const auto have = columns(text);
  if (have < width) text.append(width - have, ' ');
  return text;
}

std::string cut(const std::string& text, std::size_t width) {
  if (columns(text) <= width) return text;
  std::string out;
  std::size_t seen = 0;
  for (const char c : text) {
    if ((static_cast<unsigned char>(c) & 0xc0U) != 0x80U && ++seen > width - 3) break;
    out.push_back(c);
  }
  return out + "...";
}

}  // namespace cpns::cli
