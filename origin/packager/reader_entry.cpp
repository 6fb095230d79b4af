// SPDX-License-Identifier: LGPL-2.1-or-later
#include "origin/packager/reader_entry.hpp"

#include <algorithm>
#include <optional>

#include "origin/base/text.hpp"
#include "origin/media/codec_config.hpp"
#include "origin/packager/elementary_stream.hpp"
#include "origin/packager/sample_entry.hpp"

namespace origin::packager {

namespace {

using media::Codec;
using media::Format;

Error unsupported(const std::string& message) {
  return {ErrorCode::kUnsupported, message};
}

// The only entry of stsd.
Result<Box> only_entry(const Box& stsd) {
  constexpr size_t kVersionFlagsAndCount = 8;
  const Result<std::vector<Box>> entries = read_boxes(stsd, kVersionFlagsAndCount);
  if (!entries) return entries.error();
  if (entries->size() != 1) {
    return unsupported(stsd.place() + " has " + std::to_string(entries->size()) +
                       " sample entries; a header must have one");
  }
  return entries->front();
}

Result<Codec> codec_of(const Box& entry) {
  if (entry.type == "encv" || entry.type == "enca") {
    return unsupported(entry.place() + " is encrypted; a track has to be pushed in the clear");
  }
  const std::optional<Codec> codec = codec_of_entry(entry.type);
  if (!codec) {
    return unsupported(
        "sample entry " + entry.place() +
        " is unknown; understood are avc1, avc3, hvc1, hev1, av01, vp09, mp4a, Opus, fLaC, ac-3 and ec-3");
  }
  return *codec;
}

// What the codec's configuration box holds, of a FullBox behind version and flags.
Result<ByteSpan> read_config(const Box& entry, const std::vector<Box>& boxes, Codec codec) {
  const ConfigBox& wanted = config_box(codec);
  const Box* box = find_box(boxes, wanted.type);
  if (!box) return Error{ErrorCode::kInvalid, entry.place() + " has no " + quoted(wanted.type)};
  ByteSpan content = box->content;
  if (wanted.version) {
    FullBox full(*box);
    if (!full.fields.ok()) return too_short(*box);
    if (full.version != *wanted.version) {
      return unsupported(box->place() + " has version " + std::to_string(full.version) + "; understood is " +
                         std::to_string(*wanted.version));
    }
    content = full.fields.rest();
  }
  return codec == Codec::kAac ? read_elementary_stream(content) : content;
}

// ColourInformationBox, ISO/IEC 14496-12 12.1.5, by code points; other boxes of that name are ICC profiles.
Status read_colour(const Box& colr, media::VideoFormat& video) {
  constexpr std::string_view kCodePoints = "nclx";
  media::BitReader fields(colr.content);
  const ByteSpan type = fields.bytes(kCodePoints.size());
  if (!std::equal(type.begin(), type.end(), kCodePoints.begin(), kCodePoints.end())) return {};
  const uint32_t primaries = fields.bits(16), transfer = fields.bits(16), matrix = fields.bits(16);
  const bool full_range = fields.flag();
  if (!fields.ok()) return too_short(colr);
  if (std::max({primaries, transfer, matrix}) > UINT8_MAX) {
    return Error{ErrorCode::kInvalid, colr.place() + " has code points " + std::to_string(primaries) + ", " +
                                          std::to_string(transfer) + ", " + std::to_string(matrix) +
                                          "; they must be 0 to 255 (ISO/IEC 23091-2)"};
  }
  video.colour = media::Colour{static_cast<uint8_t>(primaries), static_cast<uint8_t>(transfer),
                               static_cast<uint8_t>(matrix), full_range};
  return {};
}

// PixelAspectRatioBox, ISO/IEC 14496-12 12.1.4.
Status read_pixel_aspect(const Box& pasp, media::VideoFormat& video) {
  media::BitReader fields(pasp.content);
  const media::Rational aspect{fields.bits(32), fields.bits(32)};
  if (!fields.ok()) return too_short(pasp);
  if (aspect.num > 0 && aspect.den > 0) video.pixel_aspect = aspect;
  return {};
}

Status read_picture(const std::vector<Box>& boxes, media::VideoFormat& video) {
  for (const Box& box : boxes) {
    Status status;
    if (box.type == "colr") status = read_colour(box, video);
    if (box.type == "pasp") status = read_pixel_aspect(box, video);
    if (!status) return status;
  }
  return {};
}

// VisualSampleEntry and AudioSampleEntry, ISO/IEC 14496-12 12.1.3 and 12.2.3; gives where their boxes begin.
size_t read_fields(const Box& entry, Format& format) {
  constexpr size_t kVideoFields = 78, kAudioFields = 28;
  media::BitReader fields(entry.content);
  fields.bytes(8);  // reserved, data_reference_index
  if (media::kind_of(format.codec) == media::Kind::kVideo) {
    fields.bytes(16);
    format.video.width = fields.bits(16);
    format.video.height = fields.bits(16);
    return kVideoFields;
  }
  fields.bytes(16);
  format.audio.sample_rate = fields.bits(16);
  return kAudioFields;
}

Error not_a_config(const Box& entry, Codec codec, ByteSpan config) {
  constexpr size_t kShown = 24;
  const ByteSpan shown = config.first(std::min(config.size(), kShown));
  const std::string text = to_hex(shown) + (config.size() > kShown ? "..." : "");
  return {ErrorCode::kInvalid, quoted(config_box(codec).type) + " of " + entry.place() + " is " +
                                   (text.empty() ? "empty" : text) + ", which is no valid configuration of " +
                                   std::string(media::name_of(codec))};
}

}  // namespace

Result<Format> read_sample_entry(const Box& stsd) {
  const Result<Box> entry = only_entry(stsd);
  if (!entry) return entry.error();
  const Result<Codec> codec = codec_of(*entry);
  if (!codec) return codec.error();
  Format format;
  format.codec = *codec;
  const size_t boxes_at = read_fields(*entry, format);
  const Result<std::vector<Box>> boxes = read_boxes(*entry, boxes_at);
  if (!boxes) return boxes.error();
  const Result<ByteSpan> config = read_config(*entry, *boxes, *codec);
  if (!config) return config.error();
  format.config = Bytes::copy_of(*config);
  if (media::kind_of(*codec) == media::Kind::kVideo) {
    if (Status status = read_picture(*boxes, format.video); !status) return status.error();
  }
  std::optional<Format> completed;
  if (is_config_valid(format)) completed = media::complete_from_config(format);
  if (!completed) return not_a_config(*entry, *codec, *config);
  if (Status status = check_sample_entry(*completed); !status) return status.error();
  return *completed;
}

}  // namespace origin::packager
