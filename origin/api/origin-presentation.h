/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>
#include <origin/api/origin-track.h>
#include <origin/api/origin-types.h>

G_BEGIN_DECLS

/**
 * OriginPresentationOptions:
 * @playlist_type: live, event or vod
 * @segment_duration: nanoseconds; boundaries lie at multiples of it
 * @part_duration: nanoseconds; 0: no parts
 * @target_duration: seconds for EXT-X-TARGETDURATION; 0: derived
 * @window: nanoseconds that viewers can seek back in a live presentation, at least @segment_duration; 0: everything
 * @retention: nanoseconds that an ended or abandoned presentation stays served; -1: until removed
 * @wall_clock: whether the media is paced by the clock, so that times lie on the UTC grid; else they start at 0
 * @expected_tracks: tracks to wait for (up to a deadline) before the multivariant playlist is offered; tracks that are
 *   added count anyway
 * @live_source: whether the media is live, so that nobody misses what comes before the first boundary of segments (see
 *   docs/architecture.md, "Time"); else the media is kept from its first frame on
 *
 * What a presentation is made with. Start from origin_presentation_options_init().
 */
typedef struct {
  OriginPlaylistType playlist_type;
  guint64 segment_duration;
  guint64 part_duration;
  guint target_duration;
  guint64 window;
  gint64 retention;
  gboolean wall_clock;
  guint expected_tracks;
  gboolean live_source;
} OriginPresentationOptions;

ORIGIN_API void origin_presentation_options_init (OriginPresentationOptions *options);

#define ORIGIN_TYPE_PRESENTATION (origin_presentation_get_type ())
#define ORIGIN_PRESENTATION(object) \
  (G_TYPE_CHECK_INSTANCE_CAST ((object), ORIGIN_TYPE_PRESENTATION, OriginPresentation))
#define ORIGIN_IS_PRESENTATION(object) (G_TYPE_CHECK_INSTANCE_TYPE ((object), ORIGIN_TYPE_PRESENTATION))
ORIGIN_API GType origin_presentation_get_type (void);
typedef struct _OriginPresentation OriginPresentation;
typedef struct _OriginPresentationClass OriginPresentationClass;
G_DEFINE_AUTOPTR_CLEANUP_FUNC (OriginPresentation, g_object_unref)

ORIGIN_API const gchar *origin_presentation_get_name (OriginPresentation *self);
ORIGIN_API gboolean origin_presentation_set_wall_clock (OriginPresentation *self, gboolean wall_clock);
ORIGIN_API void origin_presentation_set_live_source (OriginPresentation *self, gboolean live_source);
ORIGIN_API void origin_presentation_set_anchor (OriginPresentation *self, gint64 utc_at_zero);
ORIGIN_API gint64 origin_presentation_get_offset (OriginPresentation *self, OriginTrack *track, gint64 running_time);
ORIGIN_API gint64 origin_presentation_get_next_boundary (OriginPresentation *self, OriginTrack *track, gint64 time);
ORIGIN_API OriginTrack *origin_presentation_add_track (OriginPresentation *self, const gchar *name,
                                                       GError **error);
ORIGIN_API void origin_presentation_close (OriginPresentation *self);

G_END_DECLS
