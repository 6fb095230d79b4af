// SPDX-License-Identifier: LGPL-2.1-or-later
#include "gst/caps.hpp"

#include <gst/pbutils/codec-utils.h>
#include <gst/video/video.h>

#include <array>
#include <cstring>
#include <string_view>
#include <tuple>

namespace gst {

namespace {

using origin::Ref;

constexpr std::array<Codec, 9> kCodecs = {{
    {ORIGIN_CODEC_H264, Kind::kVideo, "H.264", "h264parse",
     "video/x-h264, stream-format=(string){avc, avc3}, alignment=(string)au"},
    {ORIGIN_CODEC_H265, Kind::kVideo, "H.265", "h265parse",
     "video/x-h265, stream-format=(string)hvc1, alignment=(string)au"},
    {ORIGIN_CODEC_AV1, Kind::kVideo, "AV1", "av1parse",
     "video/x-av1, stream-format=(string)obu-stream, alignment=(string)tu"},
    {ORIGIN_CODEC_VP9, Kind::kVideo, "VP9", "vp9parse", "video/x-vp9, alignment=(string)super-frame"},
    {ORIGIN_CODEC_AAC, Kind::kAudio, "AAC", "aacparse",
     "audio/mpeg, mpegversion=(int){4, 2}, stream-format=(string)raw, framed=(boolean)true"},
    {ORIGIN_CODEC_OPUS, Kind::kAudio, "Opus", "opusparse", "audio/x-opus", true},
    {ORIGIN_CODEC_FLAC, Kind::kAudio, "FLAC", "flacparse", "audio/x-flac, framed=(boolean)true", true},
    {ORIGIN_CODEC_AC3, Kind::kAudio, "AC-3", "ac3parse",
     "audio/x-ac3, framed=(boolean)true, alignment=(string)frame"},
    {ORIGIN_CODEC_EAC3, Kind::kAudio, "E-AC-3", "ac3parse",
     "audio/x-eac3, framed=(boolean)true, alignment=(string)frame"},
}};

#define H264 "video/x-h264, stream-format=(string){avc, avc3, byte-stream}, alignment=(string){au, nal}"
#define H265 "video/x-h265, stream-format=(string){hvc1, hev1, byte-stream}, alignment=(string){au, nal}"
constexpr const char* kVideoCaps = H264
    ", profile=(string){high, main, progressive-high, constrained-high, constrained-baseline, "
    "baseline}; " H265
    ", profile=(string)main; "
    "video/x-av1, profile=(string)main, bit-depth-luma=(uint)8; "
    "video/x-vp9, profile=(string){0, 1, 2, 3}; " H264 "; " H265 "; video/x-av1; video/x-vp9";
#undef H264
#undef H265
constexpr const char* kAudioCaps =
    "audio/mpeg, mpegversion=(int){4, 2}, stream-format=(string){raw, adts}; "
    "audio/x-opus; audio/x-flac; audio/x-ac3; audio/x-eac3";

constexpr std::string_view kOggFlacMagic(
    "\x7f"
    "FLAC",
    5);
constexpr size_t kOggFlacHeader = 9;  // magic, version, number of headers; then the native stream follows

GBytes* bytes_of(GstBuffer* buffer) {
  gpointer data = nullptr;
  gsize size = 0;
  gst_buffer_extract_dup(buffer, 0, gst_buffer_get_size(buffer), &data, &size);
  return g_bytes_new_take(data, size);
}

GstBuffer* buffer_field(const GstStructure* structure, const char* field) {
  const GValue* value = gst_structure_get_value(structure, field);
  return value && GST_VALUE_HOLDS_BUFFER(value) ? gst_value_get_buffer(value) : nullptr;
}

// The buffers of the field `streamheader`, one after the other; `limit`: how many.
Ref<GBytes> stream_header(const GstStructure* structure, guint limit) {
  const GValue* headers = gst_structure_get_value(structure, "streamheader");
  if (!headers || !GST_VALUE_HOLDS_ARRAY(headers)) return {};
  GByteArray* joined = g_byte_array_new();
  for (guint i = 0; i < MIN(limit, gst_value_array_get_size(headers)); ++i) {
    const GValue* value = gst_value_array_get_value(headers, i);
    if (!GST_VALUE_HOLDS_BUFFER(value)) continue;
    const auto bytes = Ref<GBytes>::adopt(bytes_of(gst_value_get_buffer(value)));
    gsize size = 0;
    auto* data = static_cast<const guint8*>(g_bytes_get_data(bytes.get(), &size));
    // The first packet of FLAC in Ogg (xiph.org/flac/ogg_mapping.html).
    if (size > kOggFlacHeader && std::memcmp(data, kOggFlacMagic.data(), kOggFlacMagic.size()) == 0) {
      data += kOggFlacHeader;
      size -= kOggFlacHeader;
    }
    g_byte_array_append(joined, data, static_cast<guint>(size));
  }
  return Ref<GBytes>::adopt(g_byte_array_free_to_bytes(joined));
}

// What the stream says of itself, else made up from the caps (RFC 7845 5.1).
Ref<GBytes> opus_head(const GstCaps* caps, const GstStructure* structure) {
  if (auto head = stream_header(structure, 1)) return head;
  guint32 rate = 0;
  guint8 channels = 0, family = 0, streams = 0, coupled = 0;
  guint8 mapping[256] = {};
  if (!gst_codec_utils_opus_parse_caps(const_cast<GstCaps*>(caps), &rate, &channels, &family, &streams,
                                       &coupled, mapping)) {
    return {};
  }
  constexpr guint16 kPreSkip = 312;  // 6.5 ms at 48 kHz, what libopus looks ahead by default
  GstBuffer* made =
      gst_codec_utils_opus_create_header(rate, channels, family, streams, coupled, mapping, kPreSkip, 0);
  if (!made) return {};
  auto bytes = Ref<GBytes>::adopt(bytes_of(made));
  gst_buffer_unref(made);
  return bytes;
}

Ref<GBytes> config_of(OriginCodec codec, const GstCaps* caps, const GstStructure* structure) {
  if (codec == ORIGIN_CODEC_OPUS) return opus_head(caps, structure);
  if (codec == ORIGIN_CODEC_FLAC) return stream_header(structure, G_MAXUINT);
  GstBuffer* codec_data = buffer_field(structure, "codec_data");
  return codec_data ? Ref<GBytes>::adopt(bytes_of(codec_data)) : Ref<GBytes>();
}

bool lists(const GValue* list, const char* text) {
  for (guint i = 0; i < gst_value_list_get_size(list); ++i) {
    const GValue* item = gst_value_list_get_value(list, i);
    if (G_VALUE_HOLDS_STRING(item) && g_str_equal(g_value_get_string(item), text)) return true;
  }
  return false;
}

// x265enc takes the richest profile that it is offered, wherever it stands; given the choice, it gets only
// Main.
gboolean take_playable_profile(GstCapsFeatures*, GstStructure* structure, gpointer) {
  const GValue* profiles = gst_structure_get_value(structure, "profile");
  if (gst_structure_has_name(structure, "video/x-h265") && profiles && GST_VALUE_HOLDS_LIST(profiles) &&
      lists(profiles, "main") && lists(profiles, "main-444")) {
    gst_structure_set(structure, "profile", G_TYPE_STRING, "main", nullptr);
  }
  return TRUE;
}

guint positive(const GstStructure* structure, const char* field) {
  gint value = 0;
  return gst_structure_get_int(structure, field, &value) && value > 0 ? static_cast<guint>(value) : 0;
}

void read_fraction(const GstStructure* structure, const char* field, guint& num, guint& den) {
  gint n = 0, d = 0;
  if (!gst_structure_get_fraction(structure, field, &n, &d) || n <= 0 || d <= 0) return;
  num = static_cast<guint>(n);
  den = static_cast<guint>(d);
}

}  // namespace

const Codec* codec_of(const GstCaps* caps) {
  if (!caps || gst_caps_is_any(caps) || gst_caps_is_empty(caps)) return nullptr;
  const GstStructure* structure = gst_caps_get_structure(caps, 0);
  const char* name = gst_structure_get_name(structure);
  gint mpeg_version = 0;
  // MPEG-1 audio shares its name with AAC.
  if (gst_structure_get_int(structure, "mpegversion", &mpeg_version) && mpeg_version == 1) return nullptr;
  for (const Codec& codec : kCodecs) {
    const std::string_view format = codec.format;
    if (format.substr(0, format.find(',')) == name) return &codec;
  }
  return nullptr;
}

origin::Ref<GstCaps> accepted_caps(Kind first, GstCaps* filter) {
  auto caps = template_caps(first);
  auto rest = template_caps(first == Kind::kVideo ? Kind::kAudio : Kind::kVideo);
  caps = Ref<GstCaps>::adopt(gst_caps_merge(caps.release(), rest.release()));
  if (!filter) return caps;
  auto narrowed = Ref<GstCaps>::adopt(gst_caps_copy(filter));
  gst_caps_map_in_place(narrowed.get(), take_playable_profile, nullptr);
  return Ref<GstCaps>::adopt(gst_caps_intersect_full(narrowed.get(), caps.get(), GST_CAPS_INTERSECT_FIRST));
}

origin::Ref<GstCaps> template_caps(Kind kind) {
  return Ref<GstCaps>::adopt(gst_caps_from_string(kind == Kind::kVideo ? kVideoCaps : kAudioCaps));
}

const char* unplayable_chroma(const GstCaps* caps) {
  const char* chroma = gst_structure_get_string(gst_caps_get_structure(caps, 0), "chroma-format");
  return !chroma || g_str_equal(chroma, "4:2:0") || g_str_equal(chroma, "4:0:0") ? nullptr : chroma;
}

bool needs_parser(const Codec& codec, const GstCaps* caps) {
  gint family = 0;
  if (caps) gst_structure_get_int(gst_caps_get_structure(caps, 0), "channel-mapping-family", &family);
  return codec.id != ORIGIN_CODEC_OPUS || family == 0;
}

Format::Format(const Codec& codec, const GstCaps* caps) {
  const GstStructure* structure = gst_caps_get_structure(caps, 0);
  format_.codec = codec.id;
  config_ = config_of(codec.id, caps, structure);
  format_.config = config_.get();
  if (codec.kind == Kind::kVideo) {
    read_video(structure);
  } else {
    read_audio(structure);
  }
}

void Format::read_video(const GstStructure* structure) {
  format_.width = positive(structure, "width");
  format_.height = positive(structure, "height");
  format_.pixel_aspect_num = format_.pixel_aspect_den = 1;
  read_fraction(structure, "pixel-aspect-ratio", format_.pixel_aspect_num, format_.pixel_aspect_den);
  format_.frame_rate_den = 1;
  read_fraction(structure, "framerate", format_.frame_rate_num, format_.frame_rate_den);

  constexpr guint kUnspecified = 2;  // ISO/IEC 23091-2
  format_.colour_primaries = format_.colour_transfer = format_.colour_matrix = kUnspecified;
  GstVideoColorimetry colour;
  const char* text = gst_structure_get_string(structure, "colorimetry");
  if (!text || !gst_video_colorimetry_from_string(&colour, text)) return;
  format_.colour_primaries = gst_video_color_primaries_to_iso(colour.primaries);
  format_.colour_transfer = gst_video_transfer_function_to_iso(colour.transfer);
  format_.colour_matrix = gst_video_color_matrix_to_iso(colour.matrix);
  format_.colour_full_range = colour.range == GST_VIDEO_COLOR_RANGE_0_255;
}

void Format::read_audio(const GstStructure* structure) {
  format_.sample_rate = positive(structure, "rate");
  format_.channels = positive(structure, "channels");
}

bool Format::operator==(const Format& other) const {
  const bool same_config = config_ && other.config_ ? g_bytes_equal(config_.get(), other.config_.get())
                                                    : config_.get() == other.config_.get();
  const auto fields = [](const OriginFormat& f) {
    return std::tie(f.codec, f.width, f.height, f.pixel_aspect_num, f.pixel_aspect_den, f.frame_rate_num,
                    f.frame_rate_den, f.colour_primaries, f.colour_transfer, f.colour_matrix,
                    f.colour_full_range, f.sample_rate, f.channels);
  };
  return same_config && fields(format_) == fields(other.format_);
}

}  // namespace gst
