#pragma once
// How the demo looks: colours only on a terminal (and not with NO_COLOR), arrows and lines only where the locale has
// them.

#include <string>

namespace cpns::cli {

struct Terminal {
  bool colours = false;
  bool unicode = false;
  bool live = false;  ///< a line may be written over

  /// What standard output is.
  [[nodiscard]] static Terminal of_standard_output();

  [[nodiscard]] std::string paint(const char* code, const std::string& text) const;
  [[nodiscard]] std::string bold(const std::string& text) const { return paint("1", text); }
  [[nodiscard]] std::string dim(const std::string& text) const { return paint("2", text); }
  [[nodiscard]] std::string green(const std::string& text) const { return paint("32", text); }
  [[nodiscard]] std::string yellow(const std::string& text) const { return paint("33", text); }
  [[nodiscard]] std::string cyan(const std::string& text) const { return paint("36", text); }
  [[nodiscard]] std::string arrow() const { return unicode ? "→" : "->"; }
  [[nodiscard]] std::string check() const { return unicode ? "✓" : "ok"; }
  [[nodiscard]] std::string rule(std::size_t width) const;
  [[nodiscard]] std::string bar(double share, std::size_t width) const;
};

/// Pads with spaces to `width` columns; texts of one column a character.
[[nodiscard]] std::string padded(std::string text, std::size_t width);
/// At most `width` columns, an ellipsis at the end where it was cut.
[[nodiscard]] std::string cut(const std::string& text, std::size_t width);

}  // namespace cpns::cli
