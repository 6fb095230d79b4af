// SPDX-License-Identifier: LGPL-2.1-or-later
#include <new>

#include "origin/api/private.hpp"

using origin::Duration;
using origin::Ref;
using origin::api::fail;
namespace channel = origin::channel;

namespace {

// Turns what the channel room tells into signals. Outlives the object that it emits on.
class SignalObserver;

struct Presentation {
  Ref<OriginServer> server;
  std::shared_ptr<channel::Presentation> channel;
  std::shared_ptr<SignalObserver> observer;
};

enum Signal { kSegmentAdded, kWarning, kSignals };
guint signals[kSignals];

}  // namespace

struct _OriginPresentation {
  GObject parent;
  std::unique_ptr<Presentation> inner;
};

struct _OriginPresentationClass {
  GObjectClass parent;
};

G_DEFINE_TYPE(OriginPresentation, origin_presentation, G_TYPE_OBJECT)

namespace {

class SignalObserver final : public channel::Observer {
 public:
  explicit SignalObserver(OriginPresentation* object) { g_weak_ref_init(&object_, object); }
  ~SignalObserver() override { g_weak_ref_clear(&object_); }

  void segment_added(const channel::SegmentAdded& segment) override {
    if (const auto object = strong()) {
      g_signal_emit(object.get(), signals[kSegmentAdded], 0, segment.track.c_str(), segment.sequence,
                    static_cast<gint64>(segment.running_time.count()),
                    static_cast<gint64>(segment.duration.count()), segment.bytes);
    }
  }
  void warning(const std::string& message, const std::string& hint) override {
    if (const auto object = strong()) {
      g_signal_emit(object.get(), signals[kWarning], 0, message.c_str(), hint.c_str());
    }
  }

 private:
  Ref<OriginPresentation> strong() {
    return Ref<OriginPresentation>::adopt(static_cast<OriginPresentation*>(g_weak_ref_get(&object_)));
  }
  GWeakRef object_;
};

}  // namespace

static void origin_presentation_init(OriginPresentation* self) {
  new (&self->inner) std::unique_ptr<Presentation>(std::make_unique<Presentation>());
}

static void origin_presentation_dispose(GObject* object) {
  origin_presentation_close(ORIGIN_PRESENTATION(object));
  G_OBJECT_CLASS(origin_presentation_parent_class)->dispose(object);
}

static void origin_presentation_finalize(GObject* object) {
  std::destroy_at(&ORIGIN_PRESENTATION(object)->inner);
  G_OBJECT_CLASS(origin_presentation_parent_class)->finalize(object);
}

static void origin_presentation_class_init(OriginPresentationClass* klass) {
  auto* object_class = G_OBJECT_CLASS(klass);
  object_class->dispose = origin_presentation_dispose;
  object_class->finalize = origin_presentation_finalize;

  /**
   * OriginPresentation::segment-added:
   * @self: the presentation
   * @track: name of the track
   * @sequence_number: media sequence number
   * @running_time: when it begins, in nanoseconds of running time
   * @duration: nanoseconds
   * @bytes: size
   *
   * A segment is complete and listed. Emitted on the thread that pushed its last sample or on the origin's
   * own.
   */
  signals[kSegmentAdded] =
      g_signal_new("segment-added", ORIGIN_TYPE_PRESENTATION, G_SIGNAL_RUN_LAST, 0, nullptr, nullptr, nullptr,
                   G_TYPE_NONE, 5, G_TYPE_STRING, G_TYPE_UINT64, G_TYPE_INT64, G_TYPE_INT64, G_TYPE_UINT64);
  /**
   * OriginPresentation::warning:
   * @self: the presentation
   * @message: what is wrong
   * @hint: what to set
   *
   * Something that the publisher should know and can change. Emitted on any thread.
   */
  signals[kWarning] = g_signal_new("warning", ORIGIN_TYPE_PRESENTATION, G_SIGNAL_RUN_LAST, 0, nullptr,
                                   nullptr, nullptr, G_TYPE_NONE, 2, G_TYPE_STRING, G_TYPE_STRING);
}

/**
 * origin_presentation_options_init:
 * @options: (out caller-allocates): what to fill in
 *
 * Fills in the defaults: a live presentation on the UTC grid, segments of 2 s, parts of 500 ms, a window of
 * 60 s, kept for an hour after its end.
 */
void origin_presentation_options_init(OriginPresentationOptions* options) {
  const channel::Options defaults;
  *options = {
      .playlist_type = ORIGIN_PLAYLIST_TYPE_LIVE,
      .segment_duration = static_cast<guint64>(defaults.segment_duration.count()),
      .part_duration = static_cast<guint64>(defaults.part_duration.count()),
      .target_duration = defaults.target_duration,
      .window = static_cast<guint64>(defaults.window.count()),
      .retention = defaults.retention.count(),
      .wall_clock = defaults.wall_clock,
      .expected_tracks = defaults.expected_tracks,
      .live_source = defaults.live_source,
  };
}

namespace origin::api {

OriginPresentation* new_presentation(OriginServer* server, const channel::Options& options, GError** error) {
  if (origin_of(server).stopped()) {
    fail(error, Error{ErrorCode::kEnded, "the server has been stopped, and serves nobody; make another one"});
    return nullptr;
  }
  auto object =
      Ref<OriginPresentation>::adopt(ORIGIN_PRESENTATION(g_object_new(ORIGIN_TYPE_PRESENTATION, nullptr)));
  Presentation& inner = *object->inner;
  inner.server = Ref<OriginServer>::share(server);
  inner.observer = std::make_shared<SignalObserver>(object.get());
  auto opened = origin_of(server).directory().open(options, inner.observer);
  if (!opened) {
    fail(error, opened.error());
    return nullptr;
  }
  inner.channel = std::move(*opened);
  return object.release();
}

// Here it only passes through: what players can seek back in is at the other server.
OriginPresentation* new_relayed(OriginServer* server, const channel::Options& options,
                                const std::string& location, const std::string& api_key, GError** error) {
  if (const Status valid = channel::validate(options); !valid) {
    fail(error, valid.error());
    return nullptr;
  }
  publish::Options target;
  target.location = location;
  target.api_key = api_key;
  // It is within the store's budget, and less than all of it.
  target.max_buffered = std::min(target.max_buffered, origin_of(server).store().budget()->limit() / 2);
  auto relay = channel::Relay::start(options, std::move(target));
  if (!relay) {
    fail(error, relay.error());
    return nullptr;
  }
  channel::Options passing = options;
  passing.type = timeline::PlaylistType::kLive;
  passing.window = options.segment_duration;
  passing.retention = Duration::zero();
  OriginPresentation* object = new_presentation(server, passing, error);
  if (object) object->inner->channel->set_relay(std::move(*relay));
  return object;
}

}  // namespace origin::api

/**
 * origin_presentation_get_name:
 * @self: a presentation
 *
 * Returns: (transfer none): its name
 */
const gchar* origin_presentation_get_name(OriginPresentation* self) {
  g_return_val_if_fail(self, nullptr);
  return self->inner->channel->options().name.c_str();
}

/**
 * origin_presentation_set_wall_clock:
 * @self: a presentation none of whose tracks has its format yet
 * @wall_clock: as in #OriginPresentationOptions
 *
 * For a publisher that learns only after it opened the presentation whether its media is paced by the clock.
 * An anchor that was set before is forgotten if this changes anything. Any thread.
 *
 * Returns: whether it holds; %FALSE: there are tracks with a format, which are timed the other way
 */
gboolean origin_presentation_set_wall_clock(OriginPresentation* self, gboolean wall_clock) {
  g_return_val_if_fail(self, FALSE);
  return self->inner->channel->set_wall_clock(wall_clock != FALSE);
}

/**
 * origin_presentation_set_live_source:
 * @self: a presentation
 * @live_source: as in #OriginPresentationOptions
 *
 * For a publisher that learns only after it opened the presentation whether its media is live. Holds for
 * tracks that have not begun yet. Any thread.
 */
void origin_presentation_set_live_source(OriginPresentation* self, gboolean live_source) {
  g_return_if_fail(self);
  self->inner->channel->set_live_source(live_source != FALSE);
}

/**
 * origin_presentation_set_anchor:
 * @self: a presentation
 * @utc_at_zero: nanoseconds since 1970 at running time 0
 *
 * Maps running time to UTC in a presentation on the wall clock; changes nothing in others. Once media has
 * been written, a value that differs by more than half a part from the one in force makes a discontinuity,
 * and a smaller difference is ignored. Any thread.
 */
void origin_presentation_set_anchor(OriginPresentation* self, gint64 utc_at_zero) {
  g_return_if_fail(self);
  self->inner->channel->set_anchor(Duration(utc_at_zero));
}

/**
 * origin_presentation_get_offset:
 * @self: a presentation
 * @track: (nullable): one of its tracks; %NULL if it is not known yet
 * @running_time: of a frame of that track, on its way to the origin, in nanoseconds
 *
 * For who asks encoders for keyframes. It changes where the source's clock jumps, and with a new anchor. Any
 * thread.
 *
 * Returns: what the frame's presentation time is more than its running time, in nanoseconds
 */
gint64 origin_presentation_get_offset(OriginPresentation* self, OriginTrack* track, gint64 running_time) {
  g_return_val_if_fail(self, 0);
  return self->inner->channel
      ->offset_at(origin::api::id_in(self->inner->channel.get(), track), Duration(running_time))
      .count();
}

/**
 * origin_presentation_get_next_boundary:
 * @self: a presentation
 * @track: (nullable): one of its tracks; %NULL if it is not known yet
 * @time: presentation time in nanoseconds
 *
 * For who asks encoders for keyframes there: boundaries up to @time, which is where the encoder is, do not
 * change any more. Any thread.
 *
 * Returns: presentation time of the first segment boundary of that track strictly after @time
 */
gint64 origin_presentation_get_next_boundary(OriginPresentation* self, OriginTrack* track, gint64 time) {
  g_return_val_if_fail(self, time);
  return self->inner->channel
      ->next_boundary(origin::api::id_in(self->inner->channel.get(), track), Duration(time))
      .count();
}

/**
 * origin_presentation_add_track:
 * @self: a presentation
 * @name: part of the track's URLs: letters, digits, '-', '_', '.', '~'
 * @error: return location for an error
 *
 * Announces a track: requests for its playlist are held from now on. The multivariant playlist waits for its
 * first segment, up to a deadline. The name is free again once the track has ended without data.
 *
 * Returns: (transfer full): the track, or %NULL with @error set
 */
OriginTrack* origin_presentation_add_track(OriginPresentation* self, const gchar* name, GError** error) {
  g_return_val_if_fail(self && name, nullptr);
  const auto id = self->inner->channel->add_track(name);
  if (!id) {
    fail(error, id.error());
    return nullptr;
  }
  return origin::api::new_track(self, self->inner->channel, *id, name);
}

/**
 * origin_presentation_close:
 * @self: a presentation
 *
 * The publisher leaves. What has not ended stays as it is, and may be taken over by another publisher of that
 * name; a VOD presentation that has not ended vanishes. No track may be pushed to any more. Done by the last
 * unref as well.
 */
void origin_presentation_close(OriginPresentation* self) {
  g_return_if_fail(self);
  if (self->inner->channel) self->inner->channel->leave();
}
