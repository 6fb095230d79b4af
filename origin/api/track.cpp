// SPDX-License-Identifier: LGPL-2.1-or-later
#include <new>

#include "origin/api/private.hpp"
#include "origin/base/text.hpp"
#include "origin/channel/track_writer.hpp"

using origin::Bytes;
using origin::Duration;
using origin::ErrorCode;
using origin::Ref;
using origin::api::fail;
namespace channel = origin::channel;
namespace media = origin::media;

namespace {

struct Track {
  Track(OriginPresentation* owner, std::shared_ptr<channel::Presentation> shared,
        channel::Presentation::TrackId track, const char* track_name)
      : presentation(Ref<OriginPresentation>::share(owner)),
        channel(std::move(shared)),
        id(track),
        name(track_name),
        writer(channel::TrackWriter::start(channel, id, origin::Clock::system())) {}

  const Ref<OriginPresentation> presentation;
  const std::shared_ptr<channel::Presentation> channel;
  const channel::Presentation::TrackId id;
  const std::string name;
  const std::shared_ptr<channel::TrackWriter> writer;
};

}  // namespace

struct _OriginTrack {
  GObject parent;
  std::unique_ptr<Track> inner;
};

struct _OriginTrackClass {
  GObjectClass parent;
};

G_DEFINE_TYPE(OriginTrack, origin_track, G_TYPE_OBJECT)

static void origin_track_init(OriginTrack* self) {
  new (&self->inner) std::unique_ptr<Track>();
}

static void origin_track_finalize(GObject* object) {
  std::destroy_at(&ORIGIN_TRACK(object)->inner);
  G_OBJECT_CLASS(origin_track_parent_class)->finalize(object);
}

static void origin_track_class_init(OriginTrackClass* klass) {
  G_OBJECT_CLASS(klass)->finalize = origin_track_finalize;
}

namespace origin::api {

OriginTrack* new_track(OriginPresentation* presentation, std::shared_ptr<channel::Presentation> shared,
                       channel::Presentation::TrackId id, const char* name) {
  auto* object = ORIGIN_TRACK(g_object_new(ORIGIN_TYPE_TRACK, nullptr));
  object->inner = std::make_unique<Track>(presentation, std::move(shared), id, name);
  return object;
}

std::optional<channel::Presentation::TrackId> id_in(const channel::Presentation* presentation,
                                                    OriginTrack* track) {
  if (!track || track->inner->channel.get() != presentation) return std::nullopt;
  return track->inner->id;
}

}  // namespace origin::api

/**
 * origin_track_get_name:
 * @self: a track
 *
 * Returns: (transfer none): its name
 */
const gchar* origin_track_get_name(OriginTrack* self) {
  g_return_val_if_fail(self, nullptr);
  return self->inner->name.c_str();
}

/**
 * origin_track_set_language:
 * @self: a track
 * @language: (nullable): BCP 47 tag such as "en" or "pt-BR"; %NULL if unknown
 *
 * Any thread, like the other setters of text. What is no such tag is left out, with a warning of the
 * presentation.
 */
void origin_track_set_language(OriginTrack* self, const gchar* language) {
  g_return_if_fail(self);
  const std::string tag = language ? language : "";
  if (!tag.empty() && !origin::is_language_tag(tag)) {
    self->inner->channel->warn(self->inner->id, "'" + tag + "' is no language tag",
                               "set language to a BCP 47 tag such as en, de or pt-BR");
    return;
  }
  self->inner->channel->update_track(self->inner->id, [&](auto& info) { info.language = tag; });
}

/**
 * origin_track_set_label:
 * @self: a track
 * @label: (nullable): name for people, such as "Director's commentary"
 */
void origin_track_set_label(OriginTrack* self, const gchar* label) {
  g_return_if_fail(self);
  self->inner->channel->update_track(self->inner->id, [&](auto& info) { info.label = label ? label : ""; });
}

/**
 * origin_track_set_default:
 * @self: a track
 * @is_default: whether players should choose it among its alternatives
 */
void origin_track_set_default(OriginTrack* self, gboolean is_default) {
  g_return_if_fail(self);
  self->inner->channel->update_track(self->inner->id, [&](auto& info) { info.is_default = is_default; });
}

/**
 * origin_track_set_bitrate:
 * @self: a track
 * @bitrate: bit/s that the track is made with; 0 if unknown
 *
 * A floor for the BANDWIDTH that is measured: what the encoder may use at its peak.
 */
void origin_track_set_bitrate(OriginTrack* self, guint bitrate) {
  g_return_if_fail(self);
  self->inner->channel->update_track(self->inner->id, [&](auto& info) { info.declared_bandwidth = bitrate; });
}

/**
 * origin_track_set_keyframes_on_request:
 * @self: a track
 * @on_request: whether the source takes requests for keyframes
 *
 * If not, segments are cut at the source's own keyframes, and the first playlist waits until their distance
 * is known.
 */
void origin_track_set_keyframes_on_request(OriginTrack* self, gboolean on_request) {
  g_return_if_fail(self);
  self->inner->writer->set_keyframes_on_request(on_request);
}

/**
 * origin_track_set_format:
 * @self: a track
 * @format: what the next samples carry
 * @error: return location for an error
 *
 * Called before the first origin_track_push() and whenever the format changes, on the pushing thread. A
 * change in mid-stream gives a new init segment and a discontinuity at the next keyframe.
 *
 * Returns: whether the format can be; its configuration is looked at with the next keyframe
 */
gboolean origin_track_set_format(OriginTrack* self, const OriginFormat* format, GError** error) {
  g_return_val_if_fail(self && format, FALSE);
  const int codec = origin::api::number_in(format->codec);
  if (codec < ORIGIN_CODEC_H264 || codec > ORIGIN_CODEC_EAC3) {
    return fail(error, {ErrorCode::kInvalid, "codec " + std::to_string(codec) + " does not exist"});
  }
  media::Format ours;
  ours.codec = static_cast<media::Codec>(codec);
  if (media::kind_of(ours.codec) == media::Kind::kVideo) {
    if (format->width == 0 || format->height == 0) {
      return fail(
          error, {ErrorCode::kInvalid, "video of " + std::to_string(format->width) + "x" +
                                           std::to_string(format->height) + " pixels; both must be above 0"});
    }
    ours.video.width = format->width;
    ours.video.height = format->height;
    if (format->pixel_aspect_num && format->pixel_aspect_den) {
      ours.video.pixel_aspect = {format->pixel_aspect_num, format->pixel_aspect_den};
    }
    if (format->frame_rate_num && format->frame_rate_den) {
      ours.video.frame_rate = {format->frame_rate_num, format->frame_rate_den};
    }
    const auto known = [](guint code_point) { return code_point != 0 && code_point != 2; };
    if (known(format->colour_primaries) || known(format->colour_transfer) || known(format->colour_matrix)) {
      ours.video.colour = media::Colour{
          static_cast<uint8_t>(format->colour_primaries), static_cast<uint8_t>(format->colour_transfer),
          static_cast<uint8_t>(format->colour_matrix), format->colour_full_range != FALSE};
    }
  } else {
    ours.audio = {format->sample_rate, format->channels};
  }
  self->inner->writer->set_format(std::move(ours), Bytes(Ref<GBytes>::share(format->config)));
  return TRUE;
}

/**
 * origin_track_push:
 * @self: a track
 * @data: one frame, in the form that #OriginCodec says
 * @pts: presentation time in nanoseconds of running time, or %ORIGIN_TIME_NONE
 * @dts: decode time, or %ORIGIN_TIME_NONE
 * @duration: nanoseconds, or %ORIGIN_TIME_NONE
 * @error: return location for an error
 *
 * Takes the next frame. A reference to @data is kept until its chunk is written, which copies it once. One
 * thread at a time for each track. Never waits for a reader or a disk; for a network only in a presentation
 * of origin_server_publish_presentation() that is not paced by the clock, up to a minute.
 *
 * Once a track has a format, a later one that the codec does not allow is left out with its frames and a
 * #OriginPresentation::warning, until it changes again.
 *
 * Returns: whether it was taken. %ORIGIN_ERROR_INVALID: the track's first format is not what the codec
 * allows; %ORIGIN_ERROR_ENDED: the track has ended; %ORIGIN_ERROR_LIMIT: memory is used up and nothing may be
 * lost
 */
gboolean origin_track_push(OriginTrack* self, GBytes* data, gint64 pts, gint64 dts, gint64 duration,
                           GError** error) {
  g_return_val_if_fail(self && data, FALSE);
  const auto known = [](gint64 time) {
    return time == ORIGIN_TIME_NONE ? std::nullopt : std::optional<Duration>(time);
  };
  const origin::Status pushed =
      self->inner->writer->push(Bytes(Ref<GBytes>::share(data)), {known(pts), known(dts), known(duration)});
  return pushed ? TRUE : fail(error, pushed.error());
}

/**
 * origin_track_needs_keyframe:
 * @self: a track
 *
 * On the pushing thread. It does after a hole, a discontinuity or a change of format, and at the start; there
 * frames are left out until a keyframe comes. It also does where another track has a new format, which is a
 * discontinuity of all tracks.
 *
 * Returns: whether a keyframe should be asked for
 */
gboolean origin_track_needs_keyframe(OriginTrack* self) {
  g_return_val_if_fail(self, FALSE);
  return self->inner->writer->needs_sync();
}

/**
 * origin_track_discontinuity:
 * @self: a track
 *
 * What is pushed next does not continue what came before, after a flush or a seek. On the pushing thread.
 */
void origin_track_discontinuity(OriginTrack* self) {
  g_return_if_fail(self);
  self->inner->writer->discontinuity();
}

/**
 * origin_track_end:
 * @self: a track
 *
 * Writes what is pending and ends the track; when all tracks have ended, the presentation has
 * (EXT-X-ENDLIST). While no push is running. A track that never carried data is taken out of the origin.
 * Idempotent.
 */
void origin_track_end(OriginTrack* self) {
  g_return_if_fail(self);
  self->inner->writer->end();
}
