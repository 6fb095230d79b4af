// SPDX-License-Identifier: LGPL-2.1-or-later
// What a track carries, as value types: codec, its configuration record, picture and sound parameters.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "origin/base/bytes.hpp"

namespace origin::media {

enum class Kind : uint8_t { kVideo, kAudio };

enum class Codec : uint8_t { kH264, kH265, kAv1, kVp9, kAac, kOpus, kFlac, kAc3, kEac3 };

Kind kind_of(Codec codec);
// "H.264", "AAC", …; for people.
std::string_view name_of(Codec codec);

struct Rational {
  uint32_t num = 0;
  uint32_t den = 1;
  bool operator==(const Rational&) const = default;
};

// Code points of ISO/IEC 23091-2 (H.273); 2 is "unspecified".
struct Colour {
  uint8_t primaries = 2;
  uint8_t transfer = 2;
  uint8_t matrix = 2;
  bool full_range = false;
  bool operator==(const Colour&) const = default;
};

struct VideoFormat {
  uint32_t width = 0;  // coded pixels that are shown
  uint32_t height = 0;
  Rational pixel_aspect{1, 1};
  Rational frame_rate{0, 1};  // 0: unknown or variable
  std::optional<Colour> colour;
  bool operator==(const VideoFormat&) const = default;
};

struct AudioFormat {
  uint32_t sample_rate = 0;  // Hz
  uint32_t channels = 0;
  bool operator==(const AudioFormat&) const = default;
};

// Everything an init segment depends on.
struct Format {
  Codec codec = Codec::kH264;
  // The codec's configuration as it stands in its sample entry box, without box header (and without the
  // FullBox version and flags where there are such):
  //   H.264 AVCDecoderConfigurationRecord, H.265 HEVCDecoderConfigurationRecord, AV1
  //   AV1CodecConfigurationRecord, VP9 VPCodecConfigurationRecord, AAC AudioSpecificConfig, Opus
  //   OpusSpecificBox fields (big endian), FLAC metadata blocks (STREAMINFO first, each with its 4-byte
  //   header), AC-3 AC3SpecificBox, E-AC-3 EC3SpecificBox.
  Bytes config;
  VideoFormat video;             // of a video codec
  AudioFormat audio;             // of an audio codec
  uint32_t timescale = 0;        // ticks per second of every time of this track
  std::string language = "und";  // ISO 639-2/T in three letters
  bool operator==(const Format&) const = default;
};

// A timescale in which this format's frame durations are whole numbers: the sample rate for audio, a multiple
// of the frame rate's numerator for video, 90000 where the rate is unknown.
uint32_t natural_timescale(const Format& format);

// Samples per audio frame where the codec fixes it (AAC 1024, AC-3 1536, …); 0 where it varies (Opus, FLAC).
uint32_t fixed_frame_length(Codec codec);

}  // namespace origin::media
