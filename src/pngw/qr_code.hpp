#pragma once
// QR codes as drawings: a text becomes a matrix of modules, and the matrix a terminal picture, an SVG or a PNG.
// Pure. Everything made here shows the text, so it is as secret as the text is.

#include "core/base/bytes.hpp"
#include "core/base/result.hpp"

namespace cpns::pngw {

/// Modules around the code that must stay light, or readers do not find it (ISO/IEC 18004).
inline constexpr std::size_t kQuietZone = 4;

/// A square of dark and light modules, without its quiet zone. Wiped on release.
class QrCode {
 public:
  QrCode(std::size_t size, Bytes dark);
  QrCode(QrCode&&) = default;
  QrCode& operator=(QrCode&&) = default;
  QrCode(const QrCode&) = delete;
  QrCode& operator=(const QrCode&) = delete;
  ~QrCode();

  [[nodiscard]] std::size_t size() const noexcept { return size_; }  ///< modules per side
  /// Outside of the square all is light: drawing loops need no border cases.
  [[nodiscard]] bool dark(std::ptrdiff_t x, std::ptrdiff_t y) const noexcept;

 private:
  std::size_t size_;
  Bytes dark_;  ///< one byte a module, row by row
};

/// Error correction level M (15 % may be damaged). Upper-case texts use the dense alphanumeric mode.
/// Fails with `qr_code_too_long`.
[[nodiscard]] Result<QrCode> make_qr(std::string_view text);

enum class TerminalColours : std::uint8_t {
  Ansi,   ///< black on white said explicitly: right on dark and on light backgrounds
  Plain,  ///< characters only; light modules are drawn, which is right on a dark background
};
/// Two modules a character, by half blocks (UTF-8), one line per two rows.
[[nodiscard]] std::string draw_for_terminal(const QrCode& code, TerminalColours colours);

/// One path of one colour on a white ground, in units of modules.
[[nodiscard]] std::string draw_svg(const QrCode& code);

/// 8-bit grey PNG, `scale` pixels a module (1-64).
[[nodiscard]] Bytes draw_png(const QrCode& code, std::size_t scale = 8);

}  // namespace cpns::pngw
