// SPDX-License-Identifier: LGPL-2.1-or-later
#include "origin/base/gzip.hpp"

#include <array>

namespace origin {

namespace {

// Feeds `input` through the converter, appending what comes out; at_end flushes the trailer.
void convert(GConverter* converter, ByteSpan input, bool at_end, std::vector<uint8_t>& output) {
  std::array<uint8_t, 16 * 1024> buffer;
  for (;;) {
    gsize read = 0, written = 0;
    GError* raw_error = nullptr;
    const GConverterResult result = g_converter_convert(
        converter, input.data(), input.size(), buffer.data(), buffer.size(),
        at_end ? G_CONVERTER_INPUT_AT_END : G_CONVERTER_NO_FLAGS, &read, &written, &raw_error);
    const GErrorPtr error(raw_error);
    // Without input to take and nothing to say, zlib asks for more: that is the end of this piece.
    if (result == G_CONVERTER_ERROR) return;
    output.insert(output.end(), buffer.begin(), buffer.begin() + static_cast<ptrdiff_t>(written));
    input = input.subspan(read);
    if (result == G_CONVERTER_FINISHED || (input.empty() && !at_end)) return;
  }
}

}  // namespace

Bytes gzip(const Body& body) {
  // Playlists are small and compressed once per change: the default level is the best trade.
  const auto compressor =
      Ref<GConverter>::adopt(G_CONVERTER(g_zlib_compressor_new(G_ZLIB_COMPRESSOR_FORMAT_GZIP, -1)));
  std::vector<uint8_t> output;
  output.reserve(body_size(body) / 4 + 64);
  for (const Bytes& bytes : body) {
    if (!bytes.empty()) convert(compressor.get(), bytes.span(), false, output);
  }
  convert(compressor.get(), {}, true, output);
  return Bytes::take(std::move(output));
}

Result<std::string> gunzip(ByteSpan member, size_t max_bytes) {
  const auto decompressor =
      Ref<GConverter>::adopt(G_CONVERTER(g_zlib_decompressor_new(G_ZLIB_COMPRESSOR_FORMAT_GZIP)));
  std::array<char, 16 * 1024> buffer;
  std::string output;
  for (;;) {
    gsize read = 0, written = 0;
    GError* raw_error = nullptr;
    const GConverterResult result =
        g_converter_convert(decompressor.get(), member.data(), member.size(), buffer.data(), buffer.size(),
                            G_CONVERTER_INPUT_AT_END, &read, &written, &raw_error);
    const GErrorPtr error(raw_error);
    if (result == G_CONVERTER_ERROR) return Error{ErrorCode::kInvalid, error->message};
    output.append(buffer.data(), written);
    member = member.subspan(read);
    if (output.size() > max_bytes) return Error{ErrorCode::kLimit, "gzip of more than the limit"};
    if (result == G_CONVERTER_FINISHED) return output;
  }
}

}  // namespace origin
