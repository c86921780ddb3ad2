#include "pngw/qr_picture.hpp"

#include <png.h>
#include <zbar.h>

#include <algorithm>
#include <memory>

#include "core/secret/secret_bytes.hpp"

namespace cpns::pngw {
namespace {

template <auto Free>
struct Freeing {
  template <class T>
  void operator()(T* p) const {
    Free(p);
  }
};
using Scanner = std::unique_ptr<zbar::zbar_image_scanner_t, Freeing<zbar::zbar_image_scanner_destroy>>;
using ScannedImage = std::unique_ptr<zbar::zbar_image_t, Freeing<zbar::zbar_image_destroy>>;

struct GreyPicture {
  unsigned width;
  unsigned height;
  Bytes pixels;
};

Error unreadable(const png_image& image) {
  return {Code::picture_unreadable, std::string(image.message), "a PNG picture"};
}

Result<GreyPicture> unpack(ByteView png) {
  if (png.size() > kMaxPictureBytes) {
    return Error{Code::picture_too_large, std::to_string(png.size()) + " bytes",
                 "at most " + std::to_string(kMaxPictureBytes)};
  }
  png_image image{};
  image.version = PNG_IMAGE_VERSION;
  if (png_image_begin_read_from_memory(&image, png.data(), png.size()) == 0) return unreadable(image);
  if (image.width > kMaxPictureSide || image.height > kMaxPictureSide) {
    const auto got = std::to_string(image.width) + " x " + std::to_string(image.height) + " pixels";
    png_image_free(&image);
    return Error{Code::picture_too_large, got, "at most " + std::to_string(kMaxPictureSide) + " each way"};
  }
  image.format = PNG_FORMAT_GRAY;
  GreyPicture picture{image.width, image.height, Bytes(PNG_IMAGE_SIZE(image))};
  const png_color white{0xff, 0xff, 0xff};  // what is transparent is paper
  if (png_image_finish_read(&image, &white, picture.pixels.data(), 0, nullptr) == 0) return unreadable(image);
  return picture;
}

}  // namespace

bool looks_like_png(ByteView bytes) noexcept {
  constexpr std::array<std::uint8_t, 8> kSignature = {0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n'};
  return bytes.size() >= kSignature.size() && std::equal(kSignature.begin(), kSignature.end(), bytes.begin());
}

Result<std::string> read_qr_from_png(ByteView png, std::string_view wanted_prefix) {
  CPNS_TRY(auto picture, unpack(png));
  const Scanner scanner(zbar::zbar_image_scanner_create());
  const ScannedImage scanned(zbar::zbar_image_create());
  if (!scanner || !scanned) throw std::bad_alloc();
  zbar::zbar_image_scanner_set_config(scanner.get(), zbar::ZBAR_NONE, zbar::ZBAR_CFG_ENABLE, 0);
  zbar::zbar_image_scanner_set_config(scanner.get(), zbar::ZBAR_QRCODE, zbar::ZBAR_CFG_ENABLE, 1);
  constexpr unsigned long kGrey8 = 0x30303859;  // "Y800" as zbar writes its formats
  zbar::zbar_image_set_format(scanned.get(), kGrey8);
  zbar::zbar_image_set_size(scanned.get(), picture.width, picture.height);
  zbar::zbar_image_set_data(scanned.get(), picture.pixels.data(), picture.pixels.size(), nullptr);
  const int found = zbar::zbar_scan_image(scanner.get(), scanned.get());

  std::string text;
  for (const auto* symbol = zbar::zbar_image_first_symbol(scanned.get()); symbol != nullptr;
       symbol = zbar::zbar_symbol_next(symbol)) {
    const std::string_view data(zbar::zbar_symbol_get_data(symbol), zbar::zbar_symbol_get_data_length(symbol));
    if (text.empty() || (data.starts_with(wanted_prefix) && !text.starts_with(wanted_prefix))) {
      secret::wipe(text);
      text = data;
    }
  }
  secret::wipe(picture.pixels);
  if (found <= 0 || text.empty()) {
    return Error{Code::picture_holds_no_code,
                 "a picture of " + std::to_string(picture.width) + " x " + std::to_string(picture.height) + " pixels",
                 "one QR code, whole and in focus"};
  }
  return text;
}

}  // namespace cpns::pngw
