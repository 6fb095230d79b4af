// SPDX-License-Identifier: LGPL-2.1-or-later
#include "gst/pad_stream.hpp"

#include <utility>

#include "gst/debug.hpp"

namespace gst {

using origin::MutexLock;
using origin::Ref;

PadStream::PadStream(GstPad* pad, Publisher& publisher)
    : pad_(pad),
      publisher_(publisher),
      preferred_(g_str_has_prefix(GST_PAD_TEMPLATE_NAME_TEMPLATE(GST_PAD_PAD_TEMPLATE(pad)), "audio")
                     ? Kind::kAudio
                     : Kind::kVideo),
      requests_(pad) {}

void PadStream::start() {
  const Settings settings = publisher_.settings();
  send_requests_ = settings.send_keyframe_requests;
  segment_duration_ = settings.segment_duration;
  {
    MutexLock lock(mutex_);
    accepting_ = true;
  }
  publisher_.announce_track(preferred_, pad_);
  // Before the first frame gets to the encoder.
  ask_early(0);
}

void PadStream::halt() {
  MutexLock lock(mutex_);
  accepting_ = false;
}

void PadStream::reset() {
  gst_ghost_pad_set_target(GST_GHOST_PAD(pad_), nullptr);
  remove_branch();
  Ref<OriginTrack> track;
  {
    MutexLock lock(mutex_);
    std::swap(track, track_);
    boundaries_.reset();
    latency_ = GST_CLOCK_TIME_NONE;
  }
  rendition_.describe(nullptr);
  requests_.stop();
  codec_ = nullptr;
  format_.reset();
  data_reported_ = publishes_ = failed_ = warned_of_chroma_ = segment_refused_ = false;
  entry_asked_at_.reset();
  lead_in_.reset();
  flushed_ = resumes_ = false;
  position_ = 0;
}

// Streaming thread, or the pad is inactive, or its thread gets no further than the elements that are stopped
// here.
void PadStream::remove_branch() {
  std::unique_ptr<Branch> branch;  // stops after the lock
  MutexLock lock(mutex_);
  std::swap(branch, branch_);
}

void PadStream::release() {
  halt();
  remove_branch();
  gst_pad_set_active(pad_, FALSE);
  resume();
  end_track();
  reset();
}

void PadStream::linked() {
  ask_early(publisher_.running_time());
}

void PadStream::unlinked() {
  requests_.stop();
}

void PadStream::playing() {
  ask_early(position_);
}

gboolean PadStream::event(GstObject* parent, GstEvent* event) {
  bool accepted = true;
  switch (GST_EVENT_TYPE(event)) {
    case GST_EVENT_STREAM_START:
      stream_started();
      break;
    case GST_EVENT_CAPS: {
      GstCaps* caps = nullptr;
      gst_event_parse_caps(event, &caps);
      accepted = take_caps(caps);
      break;
    }
    case GST_EVENT_SEGMENT:
      accepted = take_segment(event);
      break;
    case GST_EVENT_TAG: {
      GstTagList* tags = nullptr;
      gst_event_parse_tag(event, &tags);
      rendition_.read(tags);
      break;
    }
    case GST_EVENT_FLUSH_START:
      flush_started();
      break;
    case GST_EVENT_FLUSH_STOP:
      flushed_ = true;
      position_ = 0;
      data_reported_ = false;
      requests_.restart();
      break;
    case GST_EVENT_EOS:
      take_end(gst_event_get_seqnum(event));
      break;
    case GST_EVENT_GAP:
      resume();
      if (!sink()) {
        gst_event_unref(event);
        return TRUE;
      }
      break;
    default:
      break;
  }
  if (!accepted) {
    gst_event_unref(event);
    return FALSE;
  }
  return gst_pad_event_default(pad_, parent, event);
}

void PadStream::flush_started() {
  const Ref<GstElement> sink = this->sink();
  if (!sink || !gst_base_sink_get_sync(GST_BASE_SINK(sink.get()))) return;
  resumes_ = true;
  publisher_.resumption().lose_state();
}

// The first that follows a flush is there. Whether it is.
bool PadStream::resume() {
  if (!resumes_.exchange(false)) return false;
  publisher_.resumption().regain_state();
  return true;
}

void PadStream::stream_started() {
  requests_.restart();
  data_reported_ = false;
  publisher_.learn_liveness(upstream_is_live());
  ask_early(publisher_.running_time());
}

bool PadStream::take_caps(GstCaps* caps) {
  GstElement* element = publisher_.element();
  const Codec* codec = codec_of(caps);
  if (!codec) {
    const origin::GCharPtr text(gst_caps_to_string(caps));
    GST_ELEMENT_ERROR(element, STREAM, WRONG_TYPE,
                      ("%s gets '%s'; it takes H.264, H.265, AV1, VP9, AAC, Opus, FLAC, AC-3 or E-AC-3",
                       GST_PAD_NAME(pad_), text.get()),
                      (nullptr));
    return false;
  }
  if (codec_ && codec_->kind != codec->kind) {
    GST_ELEMENT_ERROR(element, STREAM, WRONG_TYPE,
                      ("%s carried %s and now gets %s; send it to another pad", GST_PAD_NAME(pad_),
                       codec_->name, codec->name),
                      (nullptr));
    return false;
  }
  if (codec_ && (codec_ != codec || (codec->reads_headers_once && is_new(caps)))) {
    drain();
    unplug();
  }
  codec_ = codec;
  if (track()) return true;
  Ref<OriginTrack> track = publisher_.claim_track(codec->kind, pad_);
  if (!track) return false;
  rendition_.describe(track);
  if (!send_requests_) origin_track_set_keyframes_on_request(track.get(), FALSE);
  if (const auto boundaries = this->boundaries()) boundaries->set_track(track);
  MutexLock lock(mutex_);
  track_ = std::move(track);
  return true;
}

bool PadStream::is_new(const GstCaps* caps) const {
  const auto current = Ref<GstCaps>::adopt(gst_pad_get_current_caps(pad_));
  return current && !gst_caps_is_equal(current.get(), caps);
}

bool PadStream::take_segment(GstEvent* event) {
  const GstSegment* segment = nullptr;
  gst_event_parse_segment(event, &segment);
  const bool refused_before = std::exchange(segment_refused_, segment->format != GST_FORMAT_TIME);
  if (!segment_refused_) return true;
  if (refused_before) return false;  // the pad keeps it and hands it in again with each buffer
  GST_ELEMENT_ERROR(publisher_.element(), STREAM, FORMAT,
                    ("%s gets a segment in format '%s' and needs 'time'; put a parser or demuxer before it",
                     GST_PAD_NAME(pad_), gst_format_get_name(segment->format)),
                    (nullptr));
  return false;
}

void PadStream::take_end(guint32 seqnum) {
  resume();
  eos_seqnum_ = seqnum;
  data_reported_ = false;
  // Else it comes out of the elements, after the data they hold.
  if (!sink()) publisher_.ending().pad_ended(pad_, seqnum);
}

GstFlowReturn PadStream::chain(GstObject* parent, GstBuffer* buffer) {
  const GstFlowReturn plugged = ensure_branch(parent);
  if (plugged != GST_FLOW_OK) {
    gst_buffer_unref(buffer);
    return plugged;
  }
  const GstClockTime time = GST_BUFFER_DTS_OR_PTS(buffer);
  return judge(gst_proxy_pad_chain_default(pad_, parent, buffer), time);
}

GstFlowReturn PadStream::chain_list(GstObject* parent, GstBufferList* list) {
  if (gst_buffer_list_length(list) == 0) {
    gst_buffer_list_unref(list);
    return GST_FLOW_OK;
  }
  const GstFlowReturn plugged = ensure_branch(parent);
  if (plugged != GST_FLOW_OK) {
    gst_buffer_list_unref(list);
    return plugged;
  }
  const GstClockTime time = GST_BUFFER_DTS_OR_PTS(gst_buffer_list_get(list, 0));
  return judge(gst_proxy_pad_chain_list_default(pad_, parent, list), time);
}

// What the parser makes no sense of costs what it was given; another begins with what follows.
GstFlowReturn PadStream::judge(GstFlowReturn flow, GstClockTime time) {
  const bool gave_up = flow <= GST_FLOW_NOT_NEGOTIATED && !failed_;
  const bool silent = flow == GST_FLOW_OK && silence_.lasts(time, segment_duration_);
  if (!gave_up && !silent) return flow;
  leave_out(std::string(codec_->parser) +
            (gave_up ? " gives up" : " gets data, and nothing comes out of it"));
  unplug();
  return GST_FLOW_OK;
}

bool PadStream::take_error(GstMessage* message) {
  {
    MutexLock lock(mutex_);
    if (!branch_ || !branch_->holds(GST_MESSAGE_SRC(message))) return false;
  }
  GError* error = nullptr;
  gst_message_parse_error(message, &error, nullptr);
  leave_out(std::string(GST_MESSAGE_SRC_NAME(message)) + ": " + error->message);
  g_error_free(error);
  return true;
}

void PadStream::leave_out(const std::string& why) {
  const std::string text = std::string(GST_PAD_NAME(pad_)) + ": " + why;
  publisher_.ending().pad_cannot_read(text);
  publisher_.post_warning(
      text.c_str(), "what cannot be read is left out; if this goes on, look at what comes before originsink");
}

GstFlowReturn PadStream::ensure_branch(GstObject* parent) {
  if (resume() && !publisher_.resumption().wait_until_playing(pad_)) return GST_FLOW_FLUSHING;
  if (!data_reported_) {
    if (!publisher_.ending().pad_has_data(pad_)) return GST_FLOW_EOS;
    data_reported_ = true;
  }
  if (sink()) return GST_FLOW_OK;
  if (!codec_) {
    GST_ELEMENT_ERROR(publisher_.element(), STREAM, FORMAT,
                      ("%s gets data without caps; put a parser before it", GST_PAD_NAME(pad_)), (nullptr));
    return GST_FLOW_NOT_NEGOTIATED;
  }
  return plug(GST_BIN(parent));
}

GstFlowReturn PadStream::plug(GstBin* bin) {
  if (!accepting()) return GST_FLOW_FLUSHING;
  GstAppSinkCallbacks callbacks{};
  callbacks.eos = on_eos;
  callbacks.new_sample = on_sample;
  // Sources may not know before they have a format.
  const bool live = upstream_is_live();
  if (!live) publisher_.keep_beginning();
  const bool paced = publisher_.settings().paced(live);
  GST_INFO_OBJECT(pad_, "%s, %s", codec_->name, paced ? "paced by the clock" : "as it comes");
  const auto caps = Ref<GstCaps>::adopt(gst_pad_get_current_caps(pad_));
  const Branch::Options options{codec_, needs_parser(*codec_, caps.get()), paced, known_latency()};
  std::string error;
  std::unique_ptr<Branch> branch = Branch::plug(bin, options, callbacks, this, error);
  if (!branch) {
    if (!accepting()) return GST_FLOW_FLUSHING;
    GST_ELEMENT_ERROR(publisher_.element(), CORE, MISSING_PLUGIN, ("%s", error.c_str()), (nullptr));
    return GST_FLOW_ERROR;
  }
  const auto input = Ref<GstPad>::adopt(branch->input());
  gst_ghost_pad_set_target(GST_GHOST_PAD(pad_), input.get());
  {
    MutexLock lock(mutex_);
    if (accepting_) std::swap(branch, branch_);
  }
  if (!branch) return GST_FLOW_OK;
  // The element stopped in the meantime, without these.
  gst_ghost_pad_set_target(GST_GHOST_PAD(pad_), nullptr);
  return GST_FLOW_FLUSHING;
}

// Another codec follows: what the elements still hold goes out first.
void PadStream::drain() {
  const auto input = Ref<GstPad>::adopt(gst_ghost_pad_get_target(GST_GHOST_PAD(pad_)));
  if (!input) return;
  draining_ = true;
  gst_pad_send_event(input.get(), gst_event_new_eos());
  draining_ = false;
}

void PadStream::unplug() {
  gst_ghost_pad_set_target(GST_GHOST_PAD(pad_), nullptr);
  remove_branch();
  silence_.ends();
  caps_ = nullptr;
}

bool PadStream::accepting() const {
  MutexLock lock(mutex_);
  return accepting_;
}

Ref<OriginTrack> PadStream::track() const {
  MutexLock lock(mutex_);
  return track_;
}

// Null: there is no presentation.
std::shared_ptr<Boundaries> PadStream::boundaries() {
  const Ref<OriginPresentation> presentation = publisher_.presentation();
  MutexLock lock(mutex_);
  if (!presentation) return nullptr;
  if (!boundaries_) boundaries_ = std::make_shared<Boundaries>(presentation);
  return boundaries_;
}

Ref<GstElement> PadStream::sink() const {
  MutexLock lock(mutex_);
  return branch_ ? Ref<GstElement>::share(branch_->sink()) : Ref<GstElement>();
}

GstClockTime PadStream::known_latency() const {
  MutexLock lock(mutex_);
  return latency_;
}

// Before the stream's own frames say where it is.
void PadStream::ask_early(int64_t position) {
  const std::shared_ptr<Boundaries> boundaries = this->boundaries();
  if (boundaries && send_requests_ && may_be_video()) {
    requests_.follow(boundaries);
    requests_.ask(*boundaries, position, segment_duration_);
  }
}

void PadStream::ask_for_keyframes(OriginTrack* track, int64_t position) {
  const std::shared_ptr<Boundaries> boundaries = this->boundaries();
  if (!boundaries || !send_requests_) return;
  if (requests_.ask(*boundaries, position, segment_duration_) == Answer::kRefused) {
    origin_track_set_keyframes_on_request(track, FALSE);
  }
}

bool PadStream::may_be_video() const {
  auto caps = Ref<GstCaps>::adopt(gst_pad_get_current_caps(pad_));
  if (!caps) caps = Ref<GstCaps>::adopt(gst_pad_peer_query_caps(pad_, nullptr));
  const Codec* codec = codec_of(caps.get());
  return (codec ? codec->kind : preferred_) == Kind::kVideo;
}

bool PadStream::upstream_is_live() const {
  const auto query = Ref<GstQuery>::adopt(gst_query_new_latency());
  gboolean live = FALSE;
  if (gst_pad_peer_query(pad_, query.get())) gst_query_parse_latency(query.get(), &live, nullptr, nullptr);
  return live;
}

gboolean PadStream::query(GstObject* parent, GstQuery* query) {
  switch (GST_QUERY_TYPE(query)) {
    case GST_QUERY_CAPS: {
      GstCaps* filter = nullptr;
      gst_query_parse_caps(query, &filter);
      const Ref<GstCaps> caps = accepted_caps(preferred_, filter);
      gst_query_set_caps_result(query, caps.get());
      return TRUE;
    }
    case GST_QUERY_ACCEPT_CAPS: {
      GstCaps* caps = nullptr;
      gst_query_parse_accept_caps(query, &caps);
      gst_query_set_accept_caps_result(query, gst_caps_can_intersect(accepted_caps(preferred_).get(), caps));
      return TRUE;
    }
    default:
      return gst_pad_query_default(pad_, parent, query);
  }
}

bool PadStream::send_upstream(GstEvent* event) {
  const Ref<GstElement> sink = this->sink();
  if (GST_EVENT_TYPE(event) == GST_EVENT_LATENCY) {
    GstClockTime latency = GST_CLOCK_TIME_NONE;
    gst_event_parse_latency(event, &latency);
    MutexLock lock(mutex_);
    latency_ = latency;
  }
  return sink ? gst_element_send_event(sink.get(), event) : gst_pad_push_event(pad_, event);
}

bool PadStream::latency(GstQuery* query) const {
  const Ref<GstElement> sink = this->sink();
  return sink ? gst_element_query(sink.get(), query) : gst_pad_peer_query(pad_, query);
}

}  // namespace gst
