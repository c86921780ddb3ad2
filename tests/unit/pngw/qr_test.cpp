#include <gtest/gtest.h>
#include <png.h>

#include "pngw/qr_code.hpp"
#include "pngw/qr_picture.hpp"

namespace cpns::pngw {
namespace {

const std::string kText = "CPNS1-BEEAQBYGAUCAGAQSCAABAIBQIBIGA4EASCUWWZ3UDAIMDQ2DUGJZYSJRHE4C4MJWHAXDCLRRHI2TAMBQGA";

struct Picture {
  unsigned side;
  Bytes pixels;
};

Picture draw(std::string_view text, std::size_t scale) {
  const auto png = draw_png(*make_qr(text), scale);
  png_image image{};
  image.version = PNG_IMAGE_VERSION;
  EXPECT_NE(png_image_begin_read_from_memory(&image, png.data(), png.size()), 0);
  image.format = PNG_FORMAT_GRAY;
  Picture picture{image.width, Bytes(PNG_IMAGE_SIZE(image))};
  EXPECT_NE(png_image_finish_read(&image, nullptr, picture.pixels.data(), 0, nullptr), 0);
  return picture;
}

Bytes pack(unsigned width, unsigned height, const Bytes& pixels) {
  png_image image{};
  image.version = PNG_IMAGE_VERSION;
  image.width = width;
  image.height = height;
  image.format = PNG_FORMAT_GRAY;
  png_alloc_size_t size = 0;
  png_image_write_to_memory(&image, nullptr, &size, 0, pixels.data(), 0, nullptr);
  Bytes png(size);
  png_image_write_to_memory(&image, png.data(), &size, 0, pixels.data(), 0, nullptr);
  png.resize(size);
  return png;
}

Picture rotated(const Picture& from) {
  Picture to{from.side, Bytes(from.pixels.size())};
  for (std::size_t y = 0; y < from.side; ++y) {
    for (std::size_t x = 0; x < from.side; ++x)
      to.pixels[x * from.side + (from.side - 1 - y)] = from.pixels[y * from.side + x];
  }
  return to;
}

TEST(Qr, a_picture_made_here_is_read_back) {
  for (const std::size_t scale : {3U, 8U, 16U}) {
    const auto png = draw_png(*make_qr(kText), scale);
    EXPECT_TRUE(looks_like_png(png));
    const auto read = read_qr_from_png(png, "CPNS1-");
    ASSERT_TRUE(read.ok()) << to_text(read.error());
    EXPECT_EQ(*read, kText);
  }
}

TEST(Qr, texts_of_all_lengths_are_read_back) {
  for (std::size_t n : {1U, 50U, 200U, 700U, 1800U}) {
    const std::string text = "CPNS1-" + std::string(n, 'Q');
    const auto read = read_qr_from_png(draw_png(*make_qr(text), 6), "CPNS1-");
    ASSERT_TRUE(read.ok()) << n << ": " << to_text(read.error());
    EXPECT_EQ(*read, text);
  }
}

TEST(Qr, a_turned_picture_is_read) {
  auto picture = draw(kText, 6);
  for (int turns = 0; turns < 3; ++turns) {
    picture = rotated(picture);
    const auto read = read_qr_from_png(pack(picture.side, picture.side, picture.pixels), "CPNS1-");
    ASSERT_TRUE(read.ok()) << turns << ": " << to_text(read.error());
    EXPECT_EQ(*read, kText);
  }
}

TEST(Qr, a_grey_and_noisy_picture_is_read) {
  auto picture = draw(kText, 8);
  std::uint32_t state = 1;
  for (auto& pixel : picture.pixels) {
    state = state * 1664525U + 1013904223U;
    pixel = static_cast<std::uint8_t>((pixel == 0 ? 60 : 170) + (state >> 24U) % 16);
  }
  const auto read = read_qr_from_png(pack(picture.side, picture.side, picture.pixels), "CPNS1-");
  ASSERT_TRUE(read.ok()) << to_text(read.error());
  EXPECT_EQ(*read, kText);
}

TEST(Qr, when_the_picture_holds_no_code_then_it_says_so) {
  const auto read = read_qr_from_png(pack(100, 100, Bytes(10000, 0x80)), "CPNS1-");
  ASSERT_FALSE(read.ok());
  EXPECT_EQ(read.error().code, Code::picture_holds_no_code);
}

TEST(Qr, when_the_picture_is_cut_or_altered_then_it_is_refused_or_read_right) {
  const auto png = draw_png(*make_qr(kText), 4);
  for (std::size_t n = 0; n < png.size(); n += 7) {
    const auto read = read_qr_from_png(ByteView(png).first(n), "CPNS1-");
    if (read.ok()) {
      EXPECT_EQ(*read, kText);
    }
  }
  for (std::size_t i = 0; i < png.size(); i += 5) {
    auto altered = png;
    altered[i] ^= 0xffU;
    const auto read = read_qr_from_png(altered, "CPNS1-");
    if (read.ok()) {
      EXPECT_EQ(*read, kText);
    }
  }
}

TEST(Qr, when_the_picture_claims_to_be_huge_then_it_is_refused_before_unpacking) {
  auto wide = pack(6001, 1, Bytes(6001, 0xff));
  const auto read = read_qr_from_png(wide, "CPNS1-");
  ASSERT_FALSE(read.ok());
  EXPECT_EQ(read.error().code, Code::picture_too_large);
  const auto heavy = read_qr_from_png(Bytes(kMaxPictureBytes + 1), "CPNS1-");
  ASSERT_FALSE(heavy.ok());
  EXPECT_EQ(heavy.error().code, Code::picture_too_large);
}

TEST(Qr, when_the_text_is_too_long_then_refused) {
  EXPECT_FALSE(make_qr("").ok());
  EXPECT_FALSE(make_qr(std::string(3392, 'A')).ok());
  EXPECT_FALSE(make_qr(std::string(3000, 'a')).ok());
}

TEST(Qr, a_terminal_drawing_shows_every_module) {
  const auto code = *make_qr("CPNS1-AAAA");
  const auto plain = draw_for_terminal(code, TerminalColours::Plain);
  std::ptrdiff_t x = -4;
  std::ptrdiff_t y = -4;
  for (std::size_t i = 0; i < plain.size();) {
    if (plain[i] == '\n') {
      EXPECT_EQ(x, static_cast<std::ptrdiff_t>(code.size()) + 4);
      x = -4;
      y += 2;
      ++i;
      continue;
    }
    const auto symbol = plain[i] == ' ' ? plain.substr(i, 1) : plain.substr(i, 3);
    const std::string expected =
        code.dark(x, y) ? (code.dark(x, y + 1) ? " " : "▄") : (code.dark(x, y + 1) ? "▀" : "█");
    ASSERT_EQ(symbol, expected) << x << ',' << y;
    i += symbol.size();
    ++x;
  }
  EXPECT_GE(y, static_cast<std::ptrdiff_t>(code.size()) + 4);
  const auto ansi = draw_for_terminal(code, TerminalColours::Ansi);
  EXPECT_TRUE(ansi.starts_with("\x1b[97;40m"));
  EXPECT_TRUE(ansi.ends_with("\x1b[0m\n"));
}

TEST(Qr, an_svg_drawing_covers_each_dark_module_once) {
  const auto code = *make_qr("CPNS1-AAAA");
  const auto svg = draw_svg(code);
  std::size_t dark = 0;
  for (std::ptrdiff_t y = 0; y < static_cast<std::ptrdiff_t>(code.size()); ++y) {
    for (std::ptrdiff_t x = 0; x < static_cast<std::ptrdiff_t>(code.size()); ++x) dark += code.dark(x, y) ? 1 : 0;
  }
  std::size_t drawn = 0;
  const auto path = svg.substr(svg.rfind("d=\""));
  for (auto at = path.find('h'); at != std::string::npos; at = path.find('h', at + 1)) {
    if (path[at + 1] != '-') drawn += std::stoul(path.substr(at + 1));
  }
  EXPECT_EQ(drawn, dark);
}

}  // namespace
}  // namespace cpns::pngw
