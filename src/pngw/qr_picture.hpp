#pragma once
// Reads the text of a QR code out of a PNG picture, such as a photograph of a terminal. The picture may come from
// anywhere: its size is judged before anything of it is unpacked. Pure; the text is wiped by whoever gets it.

#include "core/base/bytes.hpp"
#include "core/base/result.hpp"

namespace cpns::pngw {

inline constexpr std::size_t kMaxPictureBytes = std::size_t{16} * 1024 * 1024;
inline constexpr std::size_t kMaxPictureSide = 6000;  ///< pixels

/// True where the bytes begin as a PNG file does.
[[nodiscard]] bool looks_like_png(ByteView bytes) noexcept;

/// Several codes in one picture: the first that `wanted` begins, else the first of all. Fails with
/// `picture_too_large`, `picture_unreadable` or `picture_holds_no_code`.
[[nodiscard]] Result<std::string> read_qr_from_png(ByteView png, std::string_view wanted_prefix);

}  // namespace cpns::pngw
