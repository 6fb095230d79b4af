// SPDX-License-Identifier: LGPL-2.1-or-later
#include "origin/api/origin-types.h"
#include "origin/api/private.hpp"

G_DEFINE_QUARK(origin - error - quark, origin_error)

GType origin_playlist_type_get_type(void) {
  static const GEnumValue values[] = {
      {ORIGIN_PLAYLIST_TYPE_LIVE, "A sliding window", "live"},
      {ORIGIN_PLAYLIST_TYPE_EVENT, "Everything from the start, growing until the end", "event"},
      {ORIGIN_PLAYLIST_TYPE_VOD, "Offered as a whole once it has ended", "vod"},
      {0, nullptr, nullptr},
  };
  static const GType type = g_enum_register_static("OriginPlaylistType", values);
  return type;
}

GType origin_codec_get_type(void) {
  static const GEnumValue values[] = {
      {ORIGIN_CODEC_H264, "H.264", "h264"},  {ORIGIN_CODEC_H265, "H.265", "h265"},
      {ORIGIN_CODEC_AV1, "AV1", "av1"},      {ORIGIN_CODEC_VP9, "VP9", "vp9"},
      {ORIGIN_CODEC_AAC, "AAC", "aac"},      {ORIGIN_CODEC_OPUS, "Opus", "opus"},
      {ORIGIN_CODEC_FLAC, "FLAC", "flac"},   {ORIGIN_CODEC_AC3, "AC-3", "ac3"},
      {ORIGIN_CODEC_EAC3, "E-AC-3", "eac3"}, {0, nullptr, nullptr},
  };
  static const GType type = g_enum_register_static("OriginCodec", values);
  return type;
}

namespace origin::api {

namespace {

OriginError code_of(ErrorCode code) {
  switch (code) {
    case ErrorCode::kInvalid:
      return ORIGIN_ERROR_INVALID;
    case ErrorCode::kNotFound:
      return ORIGIN_ERROR_NOT_FOUND;
    case ErrorCode::kPrecondition:
    case ErrorCode::kExists:
      return ORIGIN_ERROR_EXISTS;
    case ErrorCode::kLimit:
    case ErrorCode::kQuota:
    case ErrorCode::kTooLarge:
      return ORIGIN_ERROR_LIMIT;
    case ErrorCode::kEnded:
      return ORIGIN_ERROR_ENDED;
    case ErrorCode::kUnsupported:
      return ORIGIN_ERROR_UNSUPPORTED;
    case ErrorCode::kUnavailable:
      return ORIGIN_ERROR_UNAVAILABLE;
    case ErrorCode::kIo:
      return ORIGIN_ERROR_IO;
  }
  return ORIGIN_ERROR_INVALID;
}

}  // namespace

bool fail(GError** error, const Error& ours) {
  g_set_error_literal(error, ORIGIN_ERROR, code_of(ours.code), ours.message.c_str());
  return false;
}

}  // namespace origin::api
