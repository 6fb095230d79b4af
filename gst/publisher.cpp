// SPDX-License-Identifier: LGPL-2.1-or-later
#include "gst/publisher.hpp"

#include <algorithm>
#include <memory>

#include "gst/debug.hpp"
#include "gst/pads.hpp"
#include "gst/properties.hpp"

namespace gst {

using origin::MutexLock;
using origin::Ref;

namespace {

// Longest time between two readings of the pipeline's clock for the wall clock read in between to count.
constexpr GstClockTime kPreciseReading = 5 * GST_MSECOND;
constexpr int kReadings = 10;
// The same warning is not repeated within this time.
constexpr gint64 kWarningInterval = 60 * G_USEC_PER_SEC;

// Warnings of one kind differ in their figures.
std::string kind_of(std::string_view message, std::string_view hint) {
  std::string kind(message);
  std::erase_if(kind, [](char c) { return g_ascii_isdigit(c); });
  return kind.append(hint);
}

struct StrvFree {
  void operator()(char** strings) const { g_strfreev(strings); }
};

struct UriUnref {
  void operator()(GUri* uri) const { g_uri_unref(uri); }
};

std::string name_of(GstPad* pad) {
  return origin::GCharPtr(gst_object_get_name(GST_OBJECT(pad))).get();
}

std::string stem_of(Kind kind) {
  return kind == Kind::kVideo ? "video_" : "audio_";
}

void end_tracks(const std::vector<Ref<OriginTrack>>& tracks) {
  for (const Ref<OriginTrack>& track : tracks) origin_track_end(track.get());
}

gint64 wall_clock_now() {
  return g_get_real_time() * GST_USECOND;
}

// UTC at which the clock shows `base_time`.
gint64 utc_at(GstClock* clock, GstClockTime base_time) {
  gint64 anchor = 0;
  for (int i = 0; i < kReadings; ++i) {
    const GstClockTime before = gst_clock_get_time(clock);
    const gint64 now = wall_clock_now();
    const GstClockTime after = gst_clock_get_time(clock);
    anchor = now - GST_CLOCK_DIFF(base_time, before + (after - before) / 2);
    if (after - before < kPreciseReading) break;
  }
  return anchor;
}

// The element error that an error of the origin stands for.
std::pair<GQuark, gint> element_error(const GError* error) {
  if (error->domain != ORIGIN_ERROR) return {GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_FAILED};
  switch (error->code) {
    case ORIGIN_ERROR_INVALID:
      return {GST_LIBRARY_ERROR, GST_LIBRARY_ERROR_SETTINGS};
    case ORIGIN_ERROR_EXISTS:
      return {GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_BUSY};
    case ORIGIN_ERROR_LIMIT:
      return {GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_NO_SPACE_LEFT};
    case ORIGIN_ERROR_IO:
      return {GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_OPEN_READ_WRITE};
    case ORIGIN_ERROR_UNSUPPORTED:
      return {GST_STREAM_ERROR, GST_STREAM_ERROR_NOT_IMPLEMENTED};
    default:
      return {GST_STREAM_ERROR, GST_STREAM_ERROR_FAILED};
  }
}

// What to set, where the error itself does not say it.
const char* listen_advice(const GError* error) {
  if (g_error_matches(error, ORIGIN_ERROR, ORIGIN_ERROR_EXISTS)) {
    return ". Set another port, or port=0 for any that is free";
  }
  if (g_error_matches(error, ORIGIN_ERROR, ORIGIN_ERROR_IO)) {
    return ". Set host to an address of this machine and port to one that this user may listen on";
  }
  return "";
}

// Where the presentation is from this machine: "all interfaces" is nothing that a player could open.
std::string uri_to_open(const char* base, const std::string& presentation) {
  const std::unique_ptr<GUri, UriUnref> uri(g_uri_parse(base, G_URI_FLAGS_NONE, nullptr));
  if (!uri) return std::string(base) + "/" + presentation + "/";
  std::string host = g_uri_get_host(uri.get());
  const auto address = Ref<GInetAddress>::adopt(g_inet_address_new_from_string(host.c_str()));
  if (address && g_inet_address_get_is_any(address.get())) {
    const auto loopback =
        Ref<GInetAddress>::adopt(g_inet_address_new_loopback(g_inet_address_get_family(address.get())));
    host = origin::GCharPtr(g_inet_address_to_string(loopback.get())).get();
  }
  return origin::GCharPtr(g_uri_join(G_URI_FLAGS_NONE, g_uri_get_scheme(uri.get()), nullptr, host.c_str(),
                                     g_uri_get_port(uri.get()), ("/" + presentation + "/").c_str(), nullptr,
                                     nullptr))
      .get();
}

}  // namespace

Settings Publisher::settings() const {
  MutexLock lock(mutex_);
  return settings_;
}

bool Publisher::set_property(guint id, const GValue* value) {
  Ref<OriginServer> replaced;  // may be the last reference: goes after the lock
  MutexLock lock(mutex_);
  replaced = settings_.origin;
  return gst::set_property(settings_, id, value);
}

bool Publisher::get_property(guint id, GValue* value) const {
  const Ref<OriginServer> server = this->server();
  return gst::get_property(settings(), server ? origin_server_get_port(server.get()) : 0, id, value);
}

Ref<OriginServer> Publisher::server() const {
  MutexLock lock(mutex_);
  return server_;
}

Ref<OriginPresentation> Publisher::presentation() const {
  MutexLock lock(mutex_);
  return presentation_;
}

bool Publisher::start_server() {
  const Settings settings = this->settings();
  Ref<OriginServer> server = settings.origin;
  if (!settings.location.empty())
    server = Ref<OriginServer>::adopt(origin_server_new_with_memory_limit(settings.memory_limit));
  if (!server) {
    GError* error = nullptr;
    server = Ref<OriginServer>::adopt(
        origin_server_obtain(settings.host.c_str(), settings.port, settings.memory_limit, &error));
    if (!server) {
      const auto [domain, code] = element_error(error);
      const std::string text = "Cannot listen on host=" + settings.host +
                               " port=" + std::to_string(settings.port) + ": " + error->message +
                               listen_advice(error);
      post_error(domain, code, text.c_str());
      g_error_free(error);
      return false;
    }
  }
  MutexLock lock(mutex_);
  std::swap(server, server_);
  return true;
}

void Publisher::announce() {
  const Settings settings = this->settings();
  const Ref<OriginServer> server = this->server();
  const guint port = origin_server_get_port(server.get());
  if (!settings.location.empty()) {
    const bool slash = settings.location.back() == '/';
    const std::string uri = settings.location + (slash ? "" : "/") + settings.presentation + "/";
    if (!settings.quiet) gst_print("originsink: %s\n", uri.c_str());
    GstStructure* about = gst_structure_new("origin-publishing", "uri", G_TYPE_STRING, uri.c_str(), nullptr);
    gst_element_post_message(element_, gst_message_new_element(GST_OBJECT(element_), about));
    return;
  }
  const std::unique_ptr<char*, StrvFree> bases(origin_server_get_uris(server.get()));
  for (char** base = bases.get(); base && *base; ++base) {
    const std::string uri = uri_to_open(*base, settings.presentation);
    if (!settings.quiet) gst_print("originsink: %s\n", uri.c_str());
    GstStructure* about = gst_structure_new("origin-listening", "uri", G_TYPE_STRING, uri.c_str(), "port",
                                            G_TYPE_UINT, port, nullptr);
    gst_element_post_message(element_, gst_message_new_element(GST_OBJECT(element_), about));
  }
}

void Publisher::stop_server() {
  Ref<OriginServer> server;
  MutexLock lock(mutex_);
  std::swap(server, server_);
}

bool Publisher::open_presentation() {
  const Settings settings = this->settings();
  if (const std::string problem = problem_of(settings); !problem.empty()) {
    post_error(GST_LIBRARY_ERROR, GST_LIBRARY_ERROR_SETTINGS, problem.c_str());
    return false;
  }
  GError* error = nullptr;
  Ref<OriginPresentation> presentation = open(settings, &error);
  if (!presentation) {
    fail(error);
    g_error_free(error);
    return false;
  }
  {
    MutexLock lock(mutex_);
    std::swap(presentation, presentation_);
    track_names_ = {};
  }
  ending_.start({settings.idle_pad_timeout, settings.linger});
  return true;
}

Ref<OriginPresentation> Publisher::open(const Settings& settings, GError** error) {
  OriginPresentationOptions options;
  origin_presentation_options_init(&options);
  options.playlist_type = settings.playlist_type;
  options.segment_duration = settings.segment_duration;
  options.part_duration = settings.effective_part_duration();
  options.target_duration = settings.target_duration;
  options.window = settings.window;
  options.retention = settings.retention;
  options.wall_clock = settings.wall_clock(true);
  options.expected_tracks = linked_pads();
  const char* name = settings.presentation.c_str();
  auto presentation = Ref<OriginPresentation>::adopt(
      settings.location.empty()
          ? origin_server_open_presentation(server().get(), name, &options, error)
          : origin_server_publish_presentation(server().get(), name, &options, settings.location.c_str(),
                                               settings.api_key.c_str(), error));
  if (!presentation) return presentation;
  watch(presentation.get());
  // Encoders are fed before the clock runs: what they are asked for needs a first guess.
  origin_presentation_set_anchor(presentation.get(), wall_clock_now());
  return presentation;
}

guint Publisher::linked_pads() const {
  const auto pads = sink_pads(element_);
  return static_cast<guint>(
      std::count_if(pads.begin(), pads.end(), [](const auto& pad) { return gst_pad_is_linked(pad.get()); }));
}

void Publisher::close_presentation() {
  ending_.stop();
  Ref<OriginPresentation> presentation;
  TrackNames names;  // holds tracks: goes after the lock
  {
    MutexLock lock(mutex_);
    std::swap(presentation, presentation_);
    std::swap(names, track_names_);
  }
  if (!presentation) return;
  origin_presentation_close(presentation.get());
  g_signal_handlers_disconnect_by_data(presentation.get(), this);
}

void Publisher::learn_liveness(bool live_input) {
  const Ref<OriginPresentation> presentation = this->presentation();
  if (!presentation) return;
  origin_presentation_set_wall_clock(presentation.get(), settings().wall_clock(live_input));
}

void Publisher::keep_beginning() {
  const Ref<OriginPresentation> presentation = this->presentation();
  if (presentation) origin_presentation_set_live_source(presentation.get(), FALSE);
}

void Publisher::anchor_to_clock() {
  const Ref<OriginPresentation> presentation = this->presentation();
  GstClock* clock = presentation ? gst_element_get_clock(element_) : nullptr;
  if (!clock) return;
  const gint64 anchor = utc_at(clock, gst_element_get_base_time(element_));
  gst_object_unref(clock);
  GST_DEBUG_OBJECT(element_, "running time 0 is %" G_GINT64_FORMAT " ns since 1970", anchor);
  origin_presentation_set_anchor(presentation.get(), anchor);
}

void Publisher::follow_clock() {
  if (GST_STATE(element_) == GST_STATE_PLAYING) anchor_to_clock();
}

int64_t Publisher::running_time() const {
  if (GST_STATE(element_) != GST_STATE_PLAYING) return 0;
  const GstClockTime now = gst_element_get_current_running_time(element_);
  return GST_CLOCK_TIME_IS_VALID(now) ? static_cast<int64_t>(now) : 0;
}

void Publisher::announce_track(Kind kind, GstPad* pad) {
  const std::string name = name_of(pad);
  Ref<OriginPresentation> presentation;
  {
    MutexLock lock(mutex_);
    if (!presentation_ || !track_names_.expect(pad) || !name.starts_with(stem_of(kind))) return;
    presentation = presentation_;
  }
  // What is wrong with it is said when it gets data.
  auto track =
      Ref<OriginTrack>::adopt(origin_presentation_add_track(presentation.get(), name.c_str(), nullptr));
  if (!track) return;
  MutexLock lock(mutex_);
  track_names_.announce(name, std::move(track));
}

Ref<OriginTrack> Publisher::claim_track(Kind kind, GstPad* pad) {
  const std::string own = name_of(pad);
  Ref<OriginPresentation> presentation;
  Ref<OriginTrack> track;
  std::string name;
  std::vector<Ref<OriginTrack>> surplus;
  {
    MutexLock lock(mutex_);
    if (!presentation_) return {};
    presentation = presentation_;
    name = track_names_.take(pad, own, stem_of(kind));
    track = track_names_.announced(name);
    surplus = track_names_.surplus(own);
  }
  GError* error = nullptr;
  if (!track) {
    track = Ref<OriginTrack>::adopt(origin_presentation_add_track(presentation.get(), name.c_str(), &error));
  }
  end_tracks(surplus);
  if (!track) {
    {
      MutexLock lock(mutex_);
      track_names_.give_back(name);
    }
    fail(error);
    g_error_free(error);
  }
  return track;
}

void Publisher::abandon_track(GstPad* pad) {
  std::vector<Ref<OriginTrack>> surplus;
  {
    MutexLock lock(mutex_);
    track_names_.forget(pad);
    surplus = track_names_.surplus(name_of(pad));
  }
  end_tracks(surplus);
}

void Publisher::fail(const GError* error) {
  const auto [domain, code] = element_error(error);
  post_error(domain, code, error->message);
}

void Publisher::post_error(GQuark domain, gint code, const char* text) {
  gst_element_message_full(element_, GST_MESSAGE_ERROR, domain, code, g_strdup(text), nullptr, __FILE__,
                           GST_FUNCTION, __LINE__);
}

void Publisher::watch(OriginPresentation* presentation) {
  // Signals come from other threads as well: they keep the element alive for as long as they may.
  const auto unref = [](gpointer data, GClosure*) {
    gst_object_unref(static_cast<Publisher*>(data)->element_);
  };
  gst_object_ref(element_);
  g_signal_connect_data(presentation, "segment-added", G_CALLBACK(on_segment_added), this, unref,
                        static_cast<GConnectFlags>(0));
  gst_object_ref(element_);
  g_signal_connect_data(presentation, "warning", G_CALLBACK(on_warning), this, unref,
                        static_cast<GConnectFlags>(0));
}

void Publisher::on_segment_added(OriginPresentation* presentation, const char* track, guint64 sequence,
                                 gint64 running_time, gint64 duration, guint64 bytes, gpointer self) {
  auto* publisher = static_cast<Publisher*>(self);
  GstElement* element = publisher->element_;
  GstStructure* about = gst_structure_new(
      "origin-segment-added", "presentation", G_TYPE_STRING, origin_presentation_get_name(presentation),
      "track", G_TYPE_STRING, track, "sequence-number", G_TYPE_UINT64, sequence, "running-time", G_TYPE_INT64,
      running_time, "duration", G_TYPE_UINT64, static_cast<guint64>(duration), "bytes", G_TYPE_UINT64, bytes,
      nullptr);
  gst_element_post_message(element, gst_message_new_element(GST_OBJECT(element), about));
  publisher->follow_clock();
}

void Publisher::on_warning(OriginPresentation*, const char* message, const char* hint, gpointer self) {
  static_cast<Publisher*>(self)->post_warning(message, hint);
}

void Publisher::post_warning(const char* message, const char* hint) {
  {
    MutexLock lock(mutex_);
    const gint64 now = g_get_monotonic_time();
    const auto [last, first_time] = warned_.try_emplace(kind_of(message, hint), now);
    if (!first_time && now - last->second < kWarningInterval) return;
    last->second = now;
  }
  GST_ELEMENT_WARNING(element_, STREAM, FAILED, ("%s; %s", message, hint), (nullptr));
}

}  // namespace gst
