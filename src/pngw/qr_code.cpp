#include "pngw/qr_code.hpp"

#include <qrencode.h>

#include <memory>

#include "core/secret/secret_bytes.hpp"

namespace cpns::pngw {

QrCode::QrCode(std::size_t size, Bytes dark) : size_(size), dark_(std::move(dark)) {}
QrCode::~QrCode() { secret::wipe(dark_); }

bool QrCode::dark(std::ptrdiff_t x, std::ptrdiff_t y) const noexcept {
  const auto side = static_cast<std::ptrdiff_t>(size_);
  return x >= 0 && y >= 0 && x < side && y < side && dark_[static_cast<std::size_t>(y * side + x)] != 0;
}

Result<QrCode> make_qr(std::string_view text) {
  const auto free_input = [](QRinput* input) { QRinput_free(input); };
  const auto free_code = [](QRcode* code) { QRcode_free(code); };
  const std::unique_ptr<QRinput, decltype(free_input)> input(QRinput_new2(0, QR_ECLEVEL_M));
  if (!input) throw std::bad_alloc();
  const bool dense = text.find_first_not_of("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:") == std::string_view::npos;
  const Error too_long{Code::qr_code_too_long, std::to_string(text.size()) + " characters",
                       "at most 3391 of 0-9, A-Z and -"};
  if (text.empty() || text.size() > 3391) return too_long;
  if (QRinput_append(input.get(), dense ? QR_MODE_AN : QR_MODE_8, static_cast<int>(text.size()),
                     reinterpret_cast<const unsigned char*>(text.data())) != 0) {
    return too_long;
  }
  const std::unique_ptr<QRcode, decltype(free_code)> made(QRcode_encodeInput(input.get()));
  if (!made) return too_long;

  const auto side = static_cast<std::size_t>(made->width);
  const std::span<std::uint8_t> modules(made->data, side * side);
  Bytes dark(modules.size());
  for (std::size_t i = 0; i < modules.size(); ++i) dark[i] = modules[i] & 1U;  // lowest bit: dark (qrencode.h)
  secret::wipe(modules);
  return QrCode(side, std::move(dark));
}

}  // namespace cpns::pngw
