#include <png.h>

#include <algorithm>

#include "pngw/qr_code.hpp"

namespace cpns::pngw {
namespace {

constexpr auto kQuiet = static_cast<std::ptrdiff_t>(kQuietZone);
constexpr std::string_view kUpperHalf = "\xe2\x96\x80";
constexpr std::string_view kLowerHalf = "\xe2\x96\x84";
constexpr std::string_view kFull = "\xe2\x96\x88";

// The characters draw what is light: most of the picture's border is, and a terminal's line ends stay clean.
std::string_view half_block(bool upper_dark, bool lower_dark) {
  if (upper_dark) return lower_dark ? " " : kLowerHalf;
  return lower_dark ? kUpperHalf : kFull;
}

}  // namespace

std::string draw_for_terminal(const QrCode& code, TerminalColours colours) {
  const auto side = static_cast<std::ptrdiff_t>(code.size());
  const bool ansi = colours == TerminalColours::Ansi;
  std::string out;
  out.reserve((code.size() + 2 * kQuietZone) * (code.size() + 2 * kQuietZone) * 2);
  for (std::ptrdiff_t y = -kQuiet; y < side + kQuiet; y += 2) {
    if (ansi) out += "\x1b[97;40m";  // bright white on black, whatever the terminal's own colours are
    for (std::ptrdiff_t x = -kQuiet; x < side + kQuiet; ++x) out += half_block(code.dark(x, y), code.dark(x, y + 1));
    if (ansi) out += "\x1b[0m";
    out += '\n';
  }
  return out;
}

std::string draw_svg(const QrCode& code) {
  const auto side = static_cast<std::ptrdiff_t>(code.size());
  const auto whole = std::to_string(code.size() + 2 * kQuietZone);
  std::string path;
  for (std::ptrdiff_t y = 0; y < side; ++y) {
    for (std::ptrdiff_t x = 0; x < side; ++x) {
      if (!code.dark(x, y) || code.dark(x - 1, y)) continue;
      std::ptrdiff_t run = 1;
      while (code.dark(x + run, y)) ++run;
      path += 'M' + std::to_string(x + kQuiet) + ' ' + std::to_string(y + kQuiet) + 'h' + std::to_string(run) + "v1h-" +
              std::to_string(run) + 'z';
    }
  }
  return "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 " + whole + ' ' + whole +
         "\" shape-rendering=\"crispEdges\"><title>CPNS pairing code</title><path fill=\"#fff\" d=\"M0 0h" + whole +
         'v' + whole + "H0z\"/><path fill=\"#000\" d=\"" + path + "\"/></svg>\n";
}

Bytes draw_png(const QrCode& code, std::size_t scale) {
  scale = std::clamp<std::size_t>(scale, 1, 64);
  const auto side = (code.size() + 2 * kQuietZone) * scale;
  Bytes pixels(side * side);
  for (std::size_t y = 0; y < side; ++y) {
    for (std::size_t x = 0; x < side; ++x) {
      const auto module = [&](std::size_t at) { return static_cast<std::ptrdiff_t>(at / scale) - kQuiet; };
      pixels[y * side + x] = code.dark(module(x), module(y)) ? 0x00 : 0xff;
    }
  }
  png_image image{};
  image.version = PNG_IMAGE_VERSION;
  image.width = static_cast<png_uint_32>(side);
  image.height = static_cast<png_uint_32>(side);
  image.format = PNG_FORMAT_GRAY;
  png_alloc_size_t size = 0;
  if (png_image_write_to_memory(&image, nullptr, &size, 0, pixels.data(), 0, nullptr) == 0) throw std::bad_alloc();
  Bytes png(size);
  if (png_image_write_to_memory(&image, png.data(), &size, 0, pixels.data(), 0, nullptr) == 0) throw std::bad_alloc();
  png.resize(size);
  return png;
}

}  // namespace cpns::pngw
