/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>
#include <origin/api/origin-types.h>

G_BEGIN_DECLS

/**
 * OriginFormat:
 * @codec: the codec
 * @config: (nullable): configuration out of band: avcC, hvcC, av1C, AudioSpecificConfig, OpusHead, FLAC header; may be
 *   %NULL for AV1, VP9, Opus, AC-3 and E-AC-3, whose first sample says it
 * @width: pixels (video)
 * @height: pixels (video)
 * @pixel_aspect_num: pixel aspect ratio, 1/1 if unknown
 * @pixel_aspect_den: ditto
 * @frame_rate_num: frames per second, 0/1 if unknown or variable
 * @frame_rate_den: ditto
 * @colour_primaries: ISO/IEC 23091-2 code point, 2 if unknown
 * @colour_transfer: ditto
 * @colour_matrix: ditto
 * @colour_full_range: whether samples use the full range
 * @sample_rate: Hz (audio)
 * @channels: number of channels (audio)
 *
 * What a track carries from its next sample on. Clear it to zero, then fill in what is known.
 */
typedef struct {
  OriginCodec codec;
  GBytes *config;
  guint width;
  guint height;
  guint pixel_aspect_num;
  guint pixel_aspect_den;
  guint frame_rate_num;
  guint frame_rate_den;
  guint colour_primaries;
  guint colour_transfer;
  guint colour_matrix;
  gboolean colour_full_range;
  guint sample_rate;
  guint channels;
} OriginFormat;

/**
 * ORIGIN_TIME_NONE:
 *
 * A time that is not known.
 */
#define ORIGIN_TIME_NONE ((gint64) (-G_GINT64_CONSTANT (9223372036854775807) - 1))

#define ORIGIN_TYPE_TRACK (origin_track_get_type ())
#define ORIGIN_TRACK(object) (G_TYPE_CHECK_INSTANCE_CAST ((object), ORIGIN_TYPE_TRACK, OriginTrack))
#define ORIGIN_IS_TRACK(object) (G_TYPE_CHECK_INSTANCE_TYPE ((object), ORIGIN_TYPE_TRACK))
ORIGIN_API GType origin_track_get_type (void);
typedef struct _OriginTrack OriginTrack;
typedef struct _OriginTrackClass OriginTrackClass;
G_DEFINE_AUTOPTR_CLEANUP_FUNC (OriginTrack, g_object_unref)

ORIGIN_API const gchar *origin_track_get_name (OriginTrack *self);
ORIGIN_API void origin_track_set_language (OriginTrack *self, const gchar *language);
ORIGIN_API void origin_track_set_label (OriginTrack *self, const gchar *label);
ORIGIN_API void origin_track_set_default (OriginTrack *self, gboolean is_default);
ORIGIN_API void origin_track_set_bitrate (OriginTrack *self, guint bitrate);
ORIGIN_API void origin_track_set_keyframes_on_request (OriginTrack *self, gboolean on_request);
ORIGIN_API gboolean origin_track_set_format (OriginTrack *self, const OriginFormat *format, GError **error);
ORIGIN_API gboolean origin_track_push (OriginTrack *self, GBytes *data, gint64 pts, gint64 dts,
                                       gint64 duration, GError **error);
ORIGIN_API gboolean origin_track_needs_keyframe (OriginTrack *self);
ORIGIN_API void origin_track_discontinuity (OriginTrack *self);
ORIGIN_API void origin_track_end (OriginTrack *self);

G_END_DECLS
