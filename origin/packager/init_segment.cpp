// SPDX-License-Identifier: LGPL-2.1-or-later
#include <algorithm>
#include <array>

#include "origin/packager/box_writer.hpp"
#include "origin/packager/cmaf.hpp"
#include "origin/packager/sample_entry.hpp"

namespace origin::packager {

namespace {

using media::Format;
using media::Kind;

constexpr uint32_t kTrackId = 1;
constexpr size_t kUsualSize = 1024;

bool is_video(const Format& format) {
  return media::kind_of(format.codec) == Kind::kVideo;
}

// FileTypeBox, ISO/IEC 14496-12 4.3, with the structural brand of ISO/IEC 23000-19 7.2. Not cmf2, which
// asks for composition offsets that begin a presentation at its first decode time.
void write_ftyp(BoxWriter& writer, const Format& format) {
  const auto ftyp = writer.box("ftyp");
  writer.text("iso6");
  writer.u32(0);
  for (const std::string_view brand : {"iso6", "cmfc", "dash"}) writer.text(brand);
  if (format.codec == media::Codec::kAv1) writer.text("av01");  // AV1 in ISOBMFF 2.1
}

void write_matrix(BoxWriter& writer) {
  constexpr std::array<uint32_t, 9> kUnity{0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000};
  for (const uint32_t value : kUnity) writer.u32(value);
}

// MovieHeaderBox, ISO/IEC 14496-12 8.2.2. Duration 0: all samples are in fragments.
void write_mvhd(BoxWriter& writer, const Format& format) {
  const auto mvhd = writer.full_box("mvhd", 0, 0);
  writer.zeros(8);  // creation and modification time
  writer.u32(format.timescale);
  writer.u32(0);
  writer.u32(0x10000);  // rate
  writer.u16(0x100);    // volume
  writer.zeros(10);
  write_matrix(writer);
  writer.zeros(24);
  writer.u32(kTrackId + 1);
}

// 16.16 display size: pixels of the picture stretched to square ones.
uint32_t display_width(const media::VideoFormat& video) {
  const media::Rational aspect = video.pixel_aspect;
  const int64_t width = int64_t{video.width} << 16;
  if (aspect.num == 0 || aspect.den == 0) return static_cast<uint32_t>(width);
  return static_cast<uint32_t>(std::min<int64_t>(scale_round(width, aspect.num, aspect.den), UINT32_MAX));
}

// TrackHeaderBox, ISO/IEC 14496-12 8.3.2.
void write_tkhd(BoxWriter& writer, const Format& format) {
  constexpr uint32_t kEnabledInMovie = 3;
  const auto tkhd = writer.full_box("tkhd", 0, kEnabledInMovie);
  writer.zeros(8);
  writer.u32(kTrackId);
  writer.zeros(4);
  writer.u32(0);  // duration
  writer.zeros(8);
  writer.u16(0);                             // layer
  writer.u16(0);                             // alternate_group
  writer.u16(is_video(format) ? 0 : 0x100);  // volume
  writer.u16(0);
  write_matrix(writer);
  writer.u32(is_video(format) ? display_width(format.video) : 0);
  writer.u32(is_video(format) ? format.video.height << 16 : 0);
}

// Three letters of five bits, ISO/IEC 14496-12 8.4.2.3.
uint16_t packed_language(std::string_view language) {
  const auto is_letter = [](char c) { return c >= 'a' && c <= 'z'; };
  if (language.size() != 3 || !std::all_of(language.begin(), language.end(), is_letter)) language = "und";
  unsigned packed = 0;
  for (const char c : language) packed = packed << 5 | static_cast<unsigned>(c - 'a' + 1);
  return static_cast<uint16_t>(packed);
}

// MediaHeaderBox, ISO/IEC 14496-12 8.4.2.
void write_mdhd(BoxWriter& writer, const Format& format) {
  const auto mdhd = writer.full_box("mdhd", 0, 0);
  writer.zeros(8);
  writer.u32(format.timescale);
  writer.u32(0);
  writer.u16(packed_language(format.language));
  writer.u16(0);
}

// HandlerBox, ISO/IEC 14496-12 8.4.3.
void write_hdlr(BoxWriter& writer, const Format& format) {
  const auto hdlr = writer.full_box("hdlr", 0, 0);
  writer.u32(0);
  writer.text(is_video(format) ? "vide" : "soun");
  writer.zeros(12);
  writer.u8(0);  // name: none
}

// VideoMediaHeaderBox and SoundMediaHeaderBox, ISO/IEC 14496-12 12.1.2 and 12.2.2.
void write_media_header(BoxWriter& writer, const Format& format) {
  if (is_video(format)) {
    const auto vmhd = writer.full_box("vmhd", 0, 1);
    writer.zeros(8);
  } else {
    const auto smhd = writer.full_box("smhd", 0, 0);
    writer.zeros(4);
  }
}

// DataInformationBox, ISO/IEC 14496-12 8.7.1 and 8.7.2: the data is in this very file.
void write_dinf(BoxWriter& writer) {
  constexpr uint32_t kSelfContained = 1;
  const auto dinf = writer.box("dinf");
  const auto dref = writer.full_box("dref", 0, 0);
  writer.u32(1);
  const auto url = writer.full_box("url ", 0, kSelfContained);
}

// SampleTableBox, ISO/IEC 14496-12 8.5: the sample entry, and the tables that have to be there though they
// are empty.
void write_stbl(BoxWriter& writer, const Format& format) {
  const auto stbl = writer.box("stbl");
  {
    const auto stsd = writer.full_box("stsd", 0, 0);
    writer.u32(1);
    write_sample_entry(writer, format);
  }
  for (const std::string_view table : {"stts", "stsc", "stco"}) {
    const auto box = writer.full_box(table, 0, 0);
    writer.u32(0);
  }
  const auto stsz = writer.full_box("stsz", 0, 0);
  writer.u32(0);
  writer.u32(0);
}

void write_trak(BoxWriter& writer, const Format& format) {
  const auto trak = writer.box("trak");
  write_tkhd(writer, format);
  const auto mdia = writer.box("mdia");
  write_mdhd(writer, format);
  write_hdlr(writer, format);
  const auto minf = writer.box("minf");
  write_media_header(writer, format);
  write_dinf(writer);
  write_stbl(writer, format);
}

// MovieExtendsBox, ISO/IEC 14496-12 8.8.1 and 8.8.3. Every chunk says its own defaults.
void write_mvex(BoxWriter& writer) {
  const auto mvex = writer.box("mvex");
  const auto trex = writer.full_box("trex", 0, 0);
  writer.u32(kTrackId);
  writer.u32(1);  // default_sample_description_index
  writer.u32(0);  // default_sample_duration
  writer.u32(0);  // default_sample_size
  writer.u32(0);  // default_sample_flags
}

}  // namespace

Result<Bytes> write_init_segment(const Format& format) {
  if (Status status = check_sample_entry(format); !status) return status.error();
  if (format.timescale == 0) return Error{ErrorCode::kInvalid, "a track needs a timescale above 0"};
  BoxWriter writer(kUsualSize + format.config.size());
  write_ftyp(writer, format);
  {
    const auto moov = writer.box("moov");
    write_mvhd(writer, format);
    write_trak(writer, format);
    write_mvex(writer);
  }
  return std::move(writer).finish();
}

}  // namespace origin::packager
