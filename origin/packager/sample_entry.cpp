// SPDX-License-Identifier: LGPL-2.1-or-later
#include "origin/packager/sample_entry.hpp"

#include <algorithm>

#include "origin/media/aac.hpp"
#include "origin/media/ac3.hpp"
#include "origin/media/av1.hpp"
#include "origin/media/flac.hpp"
#include "origin/media/h264.hpp"
#include "origin/media/h265.hpp"
#include "origin/media/opus.hpp"
#include "origin/media/vp9.hpp"
#include "origin/packager/elementary_stream.hpp"

namespace origin::packager {

namespace {

using media::Codec;
using media::Format;

struct Entry {
  Codec codec;
  std::string_view type;
  std::string_view in_band_type;  // where the samples carry the parameter sets
  ConfigBox config;
};

constexpr Entry kEntries[] = {
    {Codec::kH264, "avc1", "avc3", {"avcC", {}}},  // ISO/IEC 14496-15 5.4.2.1
    {Codec::kH265, "hvc1", "hev1", {"hvcC", {}}},  // ISO/IEC 14496-15 8.4.1.1
    {Codec::kAv1, "av01", {}, {"av1C", {}}},       // AV1 in ISOBMFF 2.2, 2.3
    {Codec::kVp9, "vp09", {}, {"vpcC", 1}},        // VP Codec ISO Media File Format Binding
    {Codec::kAac, "mp4a", {}, {"esds", 0}},        // ISO/IEC 14496-14 6.7.2
    // PreSkip stays what the encoder said. There is no edit list for it: that could only be true for the
    // stream's first segment, which hardly any viewer of a live presentation plays.
    {Codec::kOpus, "Opus", {}, {"dOps", {}}},  // Encapsulation of Opus in ISOBMFF 4.3
    {Codec::kFlac, "fLaC", {}, {"dfLa", 0}},   // Encapsulation of FLAC in ISOBMFF 3.3
    {Codec::kAc3, "ac-3", {}, {"dac3", {}}},   // ETSI TS 102 366 F.3, F.4
    {Codec::kEac3, "ec-3", {}, {"dec3", {}}},  // ETSI TS 102 366 F.5, F.6
};

const Entry& entry_of(Codec codec) {
  return *std::find_if(std::begin(kEntries), std::end(kEntries),
                       [&](const Entry& entry) { return entry.codec == codec; });
}

// ColourInformationBox, ISO/IEC 14496-12 12.1.5.
void write_colour(BoxWriter& writer, const media::Colour& colour) {
  const auto colr = writer.box("colr");
  writer.text("nclx");
  writer.u16(colour.primaries);
  writer.u16(colour.transfer);
  writer.u16(colour.matrix);
  writer.u8(colour.full_range ? 0x80 : 0);
}

// PixelAspectRatioBox, ISO/IEC 14496-12 12.1.4.
void write_pixel_aspect(BoxWriter& writer, media::Rational aspect) {
  const auto pasp = writer.box("pasp");
  const bool known = aspect.num > 0 && aspect.den > 0;
  writer.u32(known ? aspect.num : 1);
  writer.u32(known ? aspect.den : 1);
}

void write_config(BoxWriter& writer, const Format& format) {
  const ConfigBox& config = config_box(format.codec);
  const auto box = writer.box(config.type);
  if (config.version) writer.u32(uint32_t{*config.version} << 24);
  if (format.codec == Codec::kAac) {
    write_elementary_stream(writer, format.config.span());
  } else {
    writer.bytes(format.config.span());
  }
}

// VisualSampleEntry, ISO/IEC 14496-12 12.1.3.
void write_video_entry(BoxWriter& writer, const Format& format) {
  constexpr uint32_t k72Dpi = 72u << 16;
  const auto entry = writer.box(sample_entry_type(format));
  writer.zeros(6);
  writer.u16(1);  // data_reference_index
  writer.zeros(16);
  writer.u16(static_cast<uint16_t>(format.video.width));
  writer.u16(static_cast<uint16_t>(format.video.height));
  writer.u32(k72Dpi);
  writer.u32(k72Dpi);
  writer.u32(0);
  writer.u16(1);     // frame_count
  writer.zeros(32);  // compressorname
  writer.u16(24);    // depth
  writer.u16(0xffff);
  write_config(writer, format);
  if (format.video.colour) write_colour(writer, *format.video.colour);
  write_pixel_aspect(writer, format.video.pixel_aspect);
}

// samplerate is 16.16. FLAC halves what does not fit: 48000 for 96 and 192 kHz (Encapsulation of FLAC in
// ISOBMFF 3.3.1).
uint32_t entry_sample_rate(uint32_t rate) {
  while (rate > UINT16_MAX) rate /= 2;
  return rate;
}

// AudioSampleEntry, ISO/IEC 14496-12 12.2.3.
void write_audio_entry(BoxWriter& writer, const Format& format) {
  uint16_t sample_size = 16;
  if (format.codec == Codec::kFlac) {
    sample_size = static_cast<uint16_t>(media::parse_flac_config(format.config.span())->bits_per_sample);
  }
  const auto entry = writer.box(sample_entry_type(format));
  writer.zeros(6);
  writer.u16(1);  // data_reference_index
  writer.zeros(8);
  writer.u16(static_cast<uint16_t>(format.audio.channels));
  writer.u16(sample_size);
  writer.u32(0);
  writer.u32(entry_sample_rate(format.audio.sample_rate) << 16);
  write_config(writer, format);
}

}  // namespace

std::string_view sample_entry_type(const Format& format) {
  const Entry& entry = entry_of(format.codec);
  bool in_band = false;
  if (format.codec == Codec::kH264) {
    const auto config = media::parse_avc_config(format.config.span());
    in_band = config && config->sps.empty();
  } else if (format.codec == Codec::kH265) {
    const auto config = media::parse_hevc_config(format.config.span());
    in_band = config && !config->has_parameter_sets;
  }
  return in_band ? entry.in_band_type : entry.type;
}

std::optional<Codec> codec_of_entry(std::string_view type) {
  for (const Entry& entry : kEntries) {
    if (type == entry.type || type == entry.in_band_type) return entry.codec;
  }
  return std::nullopt;
}

const ConfigBox& config_box(Codec codec) {
  return entry_of(codec).config;
}

bool is_config_valid(const Format& format) {
  const ByteSpan config = format.config.span();
  switch (format.codec) {
    case Codec::kH264:
      return media::parse_avc_config(config).has_value();
    case Codec::kH265:
      return media::parse_hevc_config(config).has_value();
    case Codec::kAv1:
      return media::parse_av1_config(config).has_value();
    case Codec::kVp9:
      return media::parse_vp9_config(config).has_value();
    case Codec::kAac:
      return config.size() <= kLongestAudioConfig && media::parse_aac_config(config).has_value();
    case Codec::kOpus:
      return media::opus_channels(config).has_value();
    case Codec::kFlac:
      return media::parse_flac_config(config).has_value();
    case Codec::kAc3:
      return media::parse_ac3_config(config).has_value();
    case Codec::kEac3:
      return media::parse_eac3_config(config).has_value();
  }
  return false;
}

Status check_sample_entry(const Format& format) {
  const std::string name(media::name_of(format.codec));
  if (!is_config_valid(format)) return Error{ErrorCode::kInvalid, name + ": malformed codec configuration"};
  if (media::kind_of(format.codec) == media::Kind::kVideo) {
    const auto fits = [](uint32_t side) { return side > 0 && side <= UINT16_MAX; };
    if (!fits(format.video.width) || !fits(format.video.height)) {
      return Error{ErrorCode::kInvalid, name + ": width and height must be 1 to 65535, not " +
                                            std::to_string(format.video.width) + " x " +
                                            std::to_string(format.video.height)};
    }
  } else if (format.audio.channels == 0 || format.audio.channels > UINT16_MAX) {
    return Error{ErrorCode::kInvalid,
                 name + ": channels must be 1 to 65535, not " + std::to_string(format.audio.channels)};
  }
  return {};
}

void write_sample_entry(BoxWriter& writer, const Format& format) {
  if (media::kind_of(format.codec) == media::Kind::kVideo) {
    write_video_entry(writer, format);
  } else {
    write_audio_entry(writer, format);
  }
}

}  // namespace origin::packager
