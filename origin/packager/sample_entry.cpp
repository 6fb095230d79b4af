// SPDX-License-Identifier: LGPL-2.1-or-later
#include "origin/packager/sample_entry.hpp"

#include <optional>

#include "origin/media/aac.hpp"
#include "origin/media/ac3.hpp"
#include "origin/media/av1.hpp"
#include "origin/media/flac.hpp"
#include "origin/media/h264.hpp"
#include "origin/media/h265.hpp"
#include "origin/media/opus.hpp"
#include "origin/media/vp9.hpp"

namespace origin::packager {

namespace {

using media::Codec;
using media::Format;

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
    // The one-byte descriptor lengths of esds hold any AudioSpecificConfig there is.
    case Codec::kAac:
      return config.size() <= 64 && media::parse_aac_config(config).has_value();
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

void write_video_config(BoxWriter& writer, const Format& format) {
  switch (format.codec) {
    case Codec::kH264: {  // ISO/IEC 14496-15 5.4.2.1
      const auto avcc = writer.box("avcC");
      writer.bytes(format.config.span());
      return;
    }
    case Codec::kH265: {  // ISO/IEC 14496-15 8.4.1.1.2
      const auto hvcc = writer.box("hvcC");
      writer.bytes(format.config.span());
      return;
    }
    case Codec::kAv1: {  // AV1 in ISOBMFF 2.3
      const auto av1c = writer.box("av1C");
      writer.bytes(format.config.span());
      return;
    }
    default: {  // VP Codec ISO Media File Format Binding, "VP Codec Configuration Box"
      const auto vpcc = writer.full_box("vpcC", 1, 0);
      writer.bytes(format.config.span());
    }
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
  write_video_config(writer, format);
  if (format.video.colour) write_colour(writer, *format.video.colour);
  write_pixel_aspect(writer, format.video.pixel_aspect);
}

// ESDBox, ISO/IEC 14496-14 6.7.2, with an ES_Descriptor of ISO/IEC 14496-1 7.2.6.5.
void write_esds(BoxWriter& writer, ByteSpan config) {
  constexpr uint8_t kEsDescriptor = 3, kDecoderConfig = 4, kDecoderSpecificInfo = 5, kSlConfig = 6;
  constexpr uint8_t kAudioIso14496_3 = 0x40, kAudioStream = 5;
  const auto config_size = static_cast<uint8_t>(config.size());
  const auto esds = writer.full_box("esds", 0, 0);
  writer.u8(kEsDescriptor);
  writer.u8(static_cast<uint8_t>(3 + 2 + 13 + 2 + config_size + 3));
  writer.u16(0);  // ES_ID: 0 in a file (ISO/IEC 14496-14 4.1.2)
  writer.u8(0);
  writer.u8(kDecoderConfig);
  writer.u8(static_cast<uint8_t>(13 + 2 + config_size));
  writer.u8(kAudioIso14496_3);
  writer.u8(kAudioStream << 2 | 1);
  writer.u24(0);  // bufferSizeDB
  writer.u32(0);  // maxBitrate
  writer.u32(0);  // avgBitrate: not known
  writer.u8(kDecoderSpecificInfo);
  writer.u8(config_size);
  writer.bytes(config);
  writer.u8(kSlConfig);
  writer.u8(1);
  writer.u8(2);  // MP4
}

void write_audio_config(BoxWriter& writer, const Format& format) {
  switch (format.codec) {
    case Codec::kAac:
      return write_esds(writer, format.config.span());
    case Codec::kOpus: {  // Encapsulation of Opus in ISOBMFF 4.3.2
      // PreSkip stays what the encoder said. There is no edit list for it: that could only be true for the
      // stream's first segment, which hardly any viewer of a live presentation plays.
      const auto dops = writer.box("dOps");
      writer.bytes(format.config.span());
      return;
    }
    case Codec::kFlac: {  // Encapsulation of FLAC in ISOBMFF 3.3.2
      const auto dfla = writer.full_box("dfLa", 0, 0);
      writer.bytes(format.config.span());
      return;
    }
    case Codec::kAc3: {  // ETSI TS 102 366 F.4
      const auto dac3 = writer.box("dac3");
      writer.bytes(format.config.span());
      return;
    }
    default: {  // ETSI TS 102 366 F.6
      const auto dec3 = writer.box("dec3");
      writer.bytes(format.config.span());
    }
  }
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
  write_audio_config(writer, format);
}

}  // namespace

std::string_view sample_entry_type(const Format& format) {
  switch (format.codec) {
    // Without parameter sets in the record they are in the samples (ISO/IEC 14496-15 5.4.2.1, 8.4.1.1).
    case Codec::kH264: {
      const auto config = media::parse_avc_config(format.config.span());
      return config && config->sps.empty() ? "avc3" : "avc1";
    }
    case Codec::kH265: {
      const auto config = media::parse_hevc_config(format.config.span());
      return config && !config->has_parameter_sets ? "hev1" : "hvc1";
    }
    case Codec::kAv1:
      return "av01";
    case Codec::kVp9:
      return "vp09";
    case Codec::kAac:
      return "mp4a";
    case Codec::kOpus:
      return "Opus";
    case Codec::kFlac:
      return "fLaC";
    case Codec::kAc3:
      return "ac-3";
    case Codec::kEac3:
      return "ec-3";
  }
  return "";
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
