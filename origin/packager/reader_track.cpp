// SPDX-License-Identifier: LGPL-2.1-or-later
#include <algorithm>

#include "origin/base/text.hpp"
#include "origin/packager/reader.hpp"
#include "origin/packager/reader_entry.hpp"
#include "origin/packager/reader_times.hpp"

namespace origin::packager {

namespace {

Error invalid(const std::string& message) {
  return {ErrorCode::kInvalid, message};
}
Error unsupported(const std::string& message) {
  return {ErrorCode::kUnsupported, message};
}

Result<Box> only_track(const Box& moov) {
  const Result<std::vector<Box>> boxes = read_boxes(moov);
  if (!boxes) return boxes.error();
  const auto tracks =
      std::count_if(boxes->begin(), boxes->end(), [](const Box& box) { return box.type == "trak"; });
  if (tracks > 1) {
    return unsupported(moov.place() + " has " + std::to_string(tracks) +
                       " tracks; in CMAF each has a header and chunks of its own");
  }
  return get_box(moov, "trak");
}

// TrackHeaderBox, ISO/IEC 14496-12 8.3.2.
Result<uint32_t> read_track_id(const Box& trak) {
  const Result<Box> tkhd = get_box(trak, "tkhd");
  if (!tkhd) return tkhd.error();
  FullBox box(*tkhd);
  read_sized(box);  // creation_time
  read_sized(box);  // modification_time
  const uint32_t id = box.fields.bits(32);
  if (!box.fields.ok()) return too_short(*tkhd);
  return id;
}

// MovieHeaderBox and MediaHeaderBox begin alike, ISO/IEC 14496-12 8.2.2 and 8.4.2.
Result<uint32_t> read_timescale(const Box& header) {
  FullBox box(header);
  read_sized(box);  // creation_time
  read_sized(box);  // modification_time
  const uint32_t timescale = box.fields.bits(32);
  if (!box.fields.ok()) return too_short(header);
  if (timescale == 0) return invalid(header.place() + " has the timescale 0; it must be above 0");
  return timescale;
}

// Three letters of five bits; "und" for what is none (QuickTime's codes).
Result<std::string> read_packed_language(const Box& mdhd) {
  FullBox box(mdhd);
  read_sized(box);      // creation_time
  read_sized(box);      // modification_time
  box.fields.skip(32);  // timescale
  read_sized(box);      // duration
  box.fields.skip(1);
  std::string language;
  for (int i = 0; i < 3; ++i) language += static_cast<char>(box.fields.bits(5) + 'a' - 1);
  if (!box.fields.ok()) return too_short(mdhd);
  const bool letters =
      std::all_of(language.begin(), language.end(), [](char c) { return c >= 'a' && c <= 'z'; });
  return letters ? language : std::string("und");
}

// ExtendedLanguageBox, ISO/IEC 14496-12 8.4.6: text up to a zero. Empty where it is no language tag.
std::string read_extended_language(const Box& elng) {
  FullBox box(elng);
  const ByteSpan text = box.fields.rest();
  const std::string tag(text.begin(), std::find(text.begin(), text.end(), 0));
  return is_language_tag(tag) ? tag : std::string();
}

// HandlerBox, ISO/IEC 14496-12 8.4.3.
Status check_handler(const Box& mdia, media::Codec codec) {
  const Result<Box> hdlr = get_box(mdia, "hdlr");
  if (!hdlr) return hdlr.error();
  FullBox box(*hdlr);
  box.fields.skip(32);
  const ByteSpan type = box.fields.bytes(4);
  if (!box.fields.ok()) return too_short(*hdlr);
  const std::string_view wanted = media::kind_of(codec) == media::Kind::kVideo ? "vide" : "soun";
  if (!std::equal(type.begin(), type.end(), wanted.begin(), wanted.end())) {
    return invalid(hdlr->place() + " has handler_type " +
                   quoted({reinterpret_cast<const char*>(type.data()), 4}) + "; of " +
                   std::string(media::name_of(codec)) + " it must be " + quoted(wanted));
  }
  return {};
}

// MediaBox, ISO/IEC 14496-12 8.4.
Status read_media(const Box& mdia, CmafTrack& track) {
  const Result<Box> mdhd = get_box(mdia, "mdhd"), stsd = get_box(mdia, "minf/stbl/stsd");
  if (!mdhd) return mdhd.error();
  if (!stsd) return stsd.error();
  Result<media::Format> format = read_sample_entry(*stsd);
  if (!format) return format.error();
  if (Status status = check_handler(mdia, format->codec); !status) return status;
  const Result<uint32_t> timescale = read_timescale(*mdhd);
  if (!timescale) return timescale.error();
  Result<std::string> language = read_packed_language(*mdhd);
  if (!language) return language.error();
  track.format = std::move(*format);
  track.format.timescale = *timescale;
  track.format.language = *language;
  const Result<Box> elng = get_box(mdia, "elng");
  if (elng) track.language = read_extended_language(*elng);
  if (track.language.empty()) track.language = *language;
  if (track.language == "und") track.language.clear();
  return {};
}

// TrackExtendsBox, ISO/IEC 14496-12 8.8.3.
Result<SampleDefaults> read_defaults(const Box& moov, uint32_t track_id) {
  const Result<Box> mvex = get_box(moov, "mvex");
  if (!mvex) return invalid(mvex.error().message + ": samples have to be in movie fragments");
  const Result<std::vector<Box>> boxes = read_boxes(*mvex);
  if (!boxes) return boxes.error();
  for (const Box& trex : *boxes) {
    if (trex.type != "trex") continue;
    FullBox box(trex);
    const uint32_t id = box.fields.bits(32);
    box.fields.skip(32);  // default_sample_description_index
    SampleDefaults defaults;
    defaults.duration = box.fields.bits(32);
    defaults.size = box.fields.bits(32);
    defaults.flags = box.fields.bits(32);
    if (!box.fields.ok()) return too_short(trex);
    if (id == track_id) return defaults;
  }
  return invalid(mvex->place() + " has no 'trex' of track " + std::to_string(track_id));
}

}  // namespace

Result<CmafTrack> read_track(ByteSpan header) {
  const Box unit{"header", 0, 0, header};
  const Result<Box> moov = get_box(unit, "moov");
  if (!moov) return moov.error();
  const Result<Box> trak = only_track(*moov);
  if (!trak) return trak.error();
  const Result<Box> mdia = get_box(*trak, "mdia"), mvhd = get_box(*moov, "mvhd");
  if (!mdia) return mdia.error();
  if (!mvhd) return mvhd.error();
  CmafTrack track;
  if (Status status = read_media(*mdia, track); !status) return status.error();
  const Result<uint32_t> id = read_track_id(*trak), movie_timescale = read_timescale(*mvhd);
  if (!id) return id.error();
  if (!movie_timescale) return movie_timescale.error();
  track.track_id = *id;
  const Result<SampleDefaults> defaults = read_defaults(*moov, *id);
  if (!defaults) return defaults.error();
  track.defaults = *defaults;
  const Result<int64_t> shift = read_edit_shift(*trak, track.format.timescale, *movie_timescale);
  if (!shift) return shift.error();
  track.edit_shift = *shift;
  return track;
}

}  // namespace origin::packager
