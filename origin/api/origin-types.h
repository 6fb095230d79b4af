/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib-object.h>

#ifndef ORIGIN_API
#define ORIGIN_API __attribute__((visibility("default"))) extern
#endif

G_BEGIN_DECLS

/**
 * OriginError:
 * @ORIGIN_ERROR_INVALID: a value is wrong; the message names it and what would be right
 * @ORIGIN_ERROR_NOT_FOUND: no such name
 * @ORIGIN_ERROR_EXISTS: the name or address is taken
 * @ORIGIN_ERROR_LIMIT: a named limit is reached
 * @ORIGIN_ERROR_ENDED: the presentation or track has ended
 * @ORIGIN_ERROR_UNSUPPORTED: this build or object cannot do that
 * @ORIGIN_ERROR_UNAVAILABLE: not now; trying again later makes sense
 * @ORIGIN_ERROR_IO: the operating system refused
 *
 * Codes of the %ORIGIN_ERROR domain.
 */
typedef enum {
  ORIGIN_ERROR_INVALID,
  ORIGIN_ERROR_NOT_FOUND,
  ORIGIN_ERROR_EXISTS,
  ORIGIN_ERROR_LIMIT,
  ORIGIN_ERROR_ENDED,
  ORIGIN_ERROR_UNSUPPORTED,
  ORIGIN_ERROR_UNAVAILABLE,
  ORIGIN_ERROR_IO,
} OriginError;

#define ORIGIN_ERROR (origin_error_quark ())
ORIGIN_API GQuark origin_error_quark (void);

/**
 * OriginPlaylistType:
 * @ORIGIN_PLAYLIST_TYPE_LIVE: a sliding window
 * @ORIGIN_PLAYLIST_TYPE_EVENT: everything from the start, growing until the end
 * @ORIGIN_PLAYLIST_TYPE_VOD: offered as a whole once it has ended
 */
typedef enum {
  ORIGIN_PLAYLIST_TYPE_LIVE,
  ORIGIN_PLAYLIST_TYPE_EVENT,
  ORIGIN_PLAYLIST_TYPE_VOD,
} OriginPlaylistType;

#define ORIGIN_TYPE_PLAYLIST_TYPE (origin_playlist_type_get_type ())
ORIGIN_API GType origin_playlist_type_get_type (void);

/**
 * OriginCodec:
 * @ORIGIN_CODEC_H264: length-prefixed NAL units (avc or avc3), access units
 * @ORIGIN_CODEC_H265: length-prefixed NAL units (hvc1 or hev1), access units
 * @ORIGIN_CODEC_AV1: OBU stream, temporal units
 * @ORIGIN_CODEC_VP9: superframes
 * @ORIGIN_CODEC_AAC: raw access units
 * @ORIGIN_CODEC_OPUS: packets
 * @ORIGIN_CODEC_FLAC: frames
 * @ORIGIN_CODEC_AC3: sync frames
 * @ORIGIN_CODEC_EAC3: sync frames
 */
typedef enum {
  ORIGIN_CODEC_H264,
  ORIGIN_CODEC_H265,
  ORIGIN_CODEC_AV1,
  ORIGIN_CODEC_VP9,
  ORIGIN_CODEC_AAC,
  ORIGIN_CODEC_OPUS,
  ORIGIN_CODEC_FLAC,
  ORIGIN_CODEC_AC3,
  ORIGIN_CODEC_EAC3,
} OriginCodec;

#define ORIGIN_TYPE_CODEC (origin_codec_get_type ())
ORIGIN_API GType origin_codec_get_type (void);

G_END_DECLS
