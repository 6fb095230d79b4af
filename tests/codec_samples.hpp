// SPDX-License-Identifier: LGPL-2.1-or-later
// How streams of each codec start, as real encoders wrote them (the first sample cut after what matters). Any
// thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "origin/media/codec_config.hpp"

namespace tests {

using origin::Bytes;
using origin::media::Codec;

inline Bytes from_hex(std::string_view hex) {
  std::vector<uint8_t> bytes;
  for (size_t i = 0; i + 1 < hex.size(); i += 2) {
    bytes.push_back(static_cast<uint8_t>(std::stoul(std::string(hex.substr(i, 2)), nullptr, 16)));
  }
  return Bytes::take(std::move(bytes));
}

// "00010 0100 …", as syntax tables are read; spaces do not count, the last byte is filled up with zeros.
inline Bytes from_bits(std::string_view bits) {
  std::vector<uint8_t> bytes;
  unsigned count = 0;
  for (const char bit : bits) {
    if (bit == ' ') continue;
    if (count % 8 == 0) bytes.push_back(0);
    if (bit == '1') bytes.back() = static_cast<uint8_t>(bytes.back() | 0x80 >> count % 8);
    ++count;
  }
  return Bytes::take(std::move(bytes));
}

struct StreamStart {
  const char* name;
  Codec codec;
  std::string_view out_of_band;
  std::string_view first_sample;
  std::string_view other_sample;  // not a sync sample; empty for audio
  const char* codecs;
  const char* entry;
  const char* config_type;
  uint32_t width, height;          // video
  uint32_t sample_rate, channels;  // audio
  uint32_t frame_samples;
};

inline constexpr StreamStart kStreamStarts[] = {
    {"x264", Codec::kH264,
     "01640014ffe1001d67640014acd94141fb016a0c0c0d4a000003000200000300791e28532c01000568ebecb22c",
     "0000000209100000000568ebecb22c0000000565888400ff", "000000020930000000054188840000", "avc1.640014",
     "avc1", "avcC", 320, 240, 0, 0, 0},
    {"openh264", Codec::kH264, "0142c00dffe1000f6742c00d8c8d40a0cbcf00f08846a001000468ce3c80",
     "0000000468ce3c800000000465b80004", "0000000461e00040", "avc1.42c00d", "avc1", "avcC", 320, 180, 0, 0,
     0},
    {"x265", Codec::kH265,
     "0101600000009000000000003ff000fcfdf8f800000f03200001001840010c01ffff01600000030090000003000003003f95980"
     "921"
     "0001003142010101600000030090000003000003003fa00a080f165959a4932bffc00040005a830303020000030002000003003"
     "c10"
     "22000100074401c172b46240",
     "00000003460110000000042801af09", "0000000402010190", "hvc1.1.6.L63.90", "hvc1", "hvcC", 320, 240, 0, 0,
     0},
    {"x265 in HDR with scaling lists", Codec::kH265,
     "0102200000009000000000003ff000fcfdfafa00000f03200001001840010c01ffff02200000030090000003000003003f95980"
     "921"
     "0001003042010102200000030090000003000003003fa00a080b9f6d96566924e57ff80008000b50910090400000fa40001d4c0"
     "222"
     "000100074401c172b46240",
     "000000042a01af09", "0000000400010190", "hvc1.2.4.L63.90", "hvc1", "hvcC", 320, 180, 0, 0, 0},
    {"libaom", Codec::kAv1, "", "12000a0b00000003b4ff7e06d7c802320415afac00", "120032043000afac",
     "av01.0.00M.08", "av01", "av1C", 160, 120, 0, 0, 0},
    {"libaom in HDR", Codec::kAv1, "81004c000a0d00000003b4fd936be542440241",
     "0a0d00000003b4fd936be5424402413204140020c8", "32043000afac", "av01.0.00M.10.0.110.09.16.09.0", "av01",
     "av1C", 160, 90, 0, 0, 0},
    {"libaom in 4:4:4", Codec::kAv1, "", "12000a0b20000003b4fd9e06d7c810320415afac00", "120032043000afac",
     "av01.1.00M.08", "av01", "av1C", 160, 90, 0, 0, 0},
    {"libvpx", Codec::kVp9, "", "824983422013f00ef60638241c1842000c305fcd", "86000043d7fe", "vp09.00.20.08",
     "vp09", "vpcC", 320, 240, 0, 0, 0},
    {"libvpx in 4:4:4 and 12 bits", Codec::kVp9, "", "b124c1a148004f802cb061c120e0c290001e006f",
     "b200400fb17b", "vp09.03.10.12.03.02.02.06.00", "vp09", "vpcC", 160, 90, 0, 0, 0},
    {"avenc_aac", Codec::kAac, "120856e500", "de02004c61766335392e33372e31303000", "", "mp4a.40.2", "mp4a",
     "esds", 0, 0, 44100, 1, 1024},
    {"HE-AAC", Codec::kAac, "2b118800", "de02004c", "", "mp4a.40.5", "mp4a", "esds", 0, 0, 48000, 2, 2048},
    {"opusenc", Codec::kOpus,
     "4f707573486561640101380180bb00000000004f707573546167731f0000004753747265616d657220656e636f64656420766f7"
     "262"
     "6973636f6d6d656e740000000001",
     "f8b50e7d91cc", "", "opus", "Opus", "dOps", 0, 0, 48000, 1, 960},
    {"Opus without header", Codec::kOpus, "", "fcb50e7d91cc", "", "opus", "Opus", "dOps", 0, 0, 48000, 2,
     960},
    {"flacenc", Codec::kFlac,
     "7f464c414301000002664c614300000022120012000000000000000ac4407000000000000000000000000000000000000000008"
     "400"
     "0046200000007265666572656e6365206c6962464c414320312e342e32203230323231303232010000001a00000044455343524"
     "95054"
     "494f4e3d617564696f746573742077617665",
     "fff8590200be14060c0c0be952ee", "", "fLaC", "fLaC", "dfLa", 0, 0, 44100, 1, 4608},
    {"avenc_ac3", Codec::kAc3, "", "0b771a011e40ebf8403eff99c598", "", "ac-3", "ac-3", "dac3", 0, 0, 48000, 6,
     1536},
    {"avenc_eac3", Codec::kEac3, "", "0b7703ce7f87c000208421084210", "", "ec-3", "ec-3", "dec3", 0, 0, 44100,
     6, 1536},
};

inline origin::media::Format format_of(origin::media::Codec codec, const origin::Bytes& config = {}) {
  origin::media::Format format;
  format.codec = codec;
  format.config = config;
  return format;
}

inline origin::Result<origin::media::Format> complete(const StreamStart& start) {
  origin::media::Format format;
  format.codec = start.codec;
  origin::Result<origin::media::Format> completed = origin::media::complete_format(
      format, from_hex(start.out_of_band), from_hex(start.first_sample).span());
  if (completed) completed->timescale = natural_timescale(*completed);
  return completed;
}

}  // namespace tests
