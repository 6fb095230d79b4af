// SPDX-License-Identifier: LGPL-2.1-or-later
#include <cstdarg>
#include <cstdio>

#include "origin/media/aac.hpp"
#include "origin/media/av1.hpp"
#include "origin/media/h264.hpp"
#include "origin/media/h265.hpp"
#include "origin/media/vp9.hpp"
#include "origin/packager/cmaf.hpp"
#include "origin/packager/sample_entry.hpp"

namespace origin::packager {

namespace {

using media::Codec;
using media::Colour;
using media::Format;

[[gnu::format(printf, 1, 2)]] std::string text(const char* format, ...) {
  char buffer[96];
  va_list args;
  va_start(args, format);
  std::vsnprintf(buffer, sizeof buffer, format, args);
  va_end(args);
  return buffer;
}

// What the strings of AV1 and VP9 mean where their optional fields are left out.
bool is_default(const Colour& colour) {
  constexpr Colour kBt709{1, 1, 1, false};
  return colour == kBt709;
}

bool is_specified(const Colour& colour) {
  constexpr uint8_t kUnspecified = Colour{}.primaries;
  return colour.primaries != kUnspecified && colour.transfer != kUnspecified && colour.matrix != kUnspecified;
}

// RFC 6381 3.3: the profile, constraint and level bytes of the record.
std::string avc(const Format& format) {
  const auto config = *media::parse_avc_config(format.config.span());
  return text(".%02x%02x%02x", config.profile, config.compatibility, config.level);
}

// ISO/IEC 14496-15 E.3.
std::string hevc(const Format& format) {
  const auto config = *media::parse_hevc_config(format.config.span());
  uint32_t compatibility = 0;  // in reverse bit order
  for (unsigned i = 0; i < 32; ++i) compatibility |= ((config.compatibility >> i) & 1) << (31 - i);
  std::string result = ".";
  if (config.profile_space > 0) result += static_cast<char>('A' + config.profile_space - 1);
  result += text("%u.%X.%c%u", config.profile, compatibility, config.high_tier ? 'H' : 'L', config.level);
  size_t count = config.constraints.size();
  while (count > 0 && config.constraints[count - 1] == 0) --count;
  for (size_t i = 0; i < count; ++i) result += text(".%X", config.constraints[i]);
  return result;
}

// AV1 in ISOBMFF 5.
std::string av1(const Format& format) {
  const auto config = *media::parse_av1_config(format.config.span());
  std::string result =
      text(".%u.%02u%c.%02u", config.profile, config.level, config.high_tier ? 'H' : 'M', config.bit_depth);
  const Colour colour = format.video.colour.value_or(Colour{});
  const bool is_420 = config.subsampling_x && config.subsampling_y && !config.monochrome;
  if (!is_specified(colour) || (is_default(colour) && is_420)) return result;
  const unsigned position = config.subsampling_x && config.subsampling_y ? config.chroma_position : 0;
  return result + text(".%u.%u%u%u.%02u.%02u.%02u.%u", config.monochrome, config.subsampling_x,
                       config.subsampling_y, position, colour.primaries, colour.transfer, colour.matrix,
                       colour.full_range);
}

// VP Codec ISO Media File Format Binding, "Codecs Parameter String".
std::string vp9(const Format& format) {
  constexpr uint8_t k420Colocated = 1;
  const auto config = *media::parse_vp9_config(format.config.span());
  std::string result = text(".%02u.%02u.%02u", config.profile, config.level, config.bit_depth);
  const Colour& colour = config.colour;
  const bool is_420 = config.chroma_subsampling <= k420Colocated;
  if (is_420 && (!is_specified(colour) || is_default(colour))) return result;
  return result + text(".%02u.%02u.%02u.%02u.%02u", config.chroma_subsampling, colour.primaries,
                       colour.transfer, colour.matrix, colour.full_range);
}

}  // namespace

Result<std::string> codecs_string(const Format& format) {
  if (Status status = check_sample_entry(format); !status) return status.error();
  const std::string entry(sample_entry_type(format));
  switch (format.codec) {
    case Codec::kH264:
      return entry + avc(format);
    case Codec::kH265:
      return entry + hevc(format);
    case Codec::kAv1:
      return entry + av1(format);
    case Codec::kVp9:
      return entry + vp9(format);
    case Codec::kAac:
      return entry + text(".40.%u", media::parse_aac_config(format.config.span())->object_type);
    // Browsers know Opus by the lower-case name only.
    case Codec::kOpus:
      return std::string("opus");
    default:
      return entry;
  }
}

std::string_view video_range(const Format& format) {
  // TransferCharacteristics of ISO/IEC 23091-2 8.2.
  constexpr uint8_t kPq = 16, kHlg = 18;
  const uint8_t transfer = format.video.colour.value_or(Colour{}).transfer;
  return transfer == kPq ? "PQ" : transfer == kHlg ? "HLG" : "SDR";
}

}  // namespace origin::packager
