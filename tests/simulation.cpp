// SPDX-License-Identifier: LGPL-2.1-or-later
#include "tests/simulation.hpp"

#include <algorithm>
#include <stdexcept>

namespace tests {

namespace {

Bytes padded(const StreamStart& start, std::string_view hex, size_t extra) {
  const Bytes sample = from_hex(hex);
  std::string bytes(sample.view());
  if (extra == 0) return sample;
  if (start.codec == Codec::kH264) {
    // Filler data (nal_unit_type 12) keeps the access unit well formed.
    const uint32_t length = static_cast<uint32_t>(extra);
    for (int shift = 24; shift >= 0; shift -= 8) bytes.push_back(static_cast<char>(length >> shift));
    bytes.push_back(12);
    bytes.append(extra - 1, '\xff');
  } else {
    bytes.append(extra, '\0');
  }
  return Bytes::take(std::move(bytes));
}

const StreamStart& stream(bool video) {
  for (const StreamStart& start : kStreamStarts) {
    if (std::string_view(start.name) == (video ? "x264" : "avenc_aac")) return start;
  }
  throw std::logic_error("no such stream");
}

}  // namespace

class Simulation::Recorder final : public channel::Observer {
 public:
  explicit Recorder(Simulation& simulation) : simulation_(simulation) {}
  void segment_added(const channel::SegmentAdded& segment) override { simulation_.added.push_back(segment); }
  void warning(const std::string& message, const std::string& hint) override {
    simulation_.warnings.push_back(message + " | " + hint);
  }

 private:
  Simulation& simulation_;
};

Source::Source(Simulation& simulation, SourceOptions options)
    : simulation_(simulation), options_(std::move(options)) {
  const auto id = simulation_.presentation->add_track(options_.name);
  if (!id) throw std::runtime_error(id.error().message);
  id_ = *id;
  writer_ = channel::TrackWriter::start(simulation_.presentation, *id, simulation_.clock);
  writer_->set_keyframes_on_request(options_.keyframes_on_request);
  const StreamStart& start = stream(options_.video);
  key_ = padded(start, start.first_sample, options_.extra_bytes);
  other_ = options_.video ? padded(start, start.other_sample, options_.extra_bytes) : key_;
  due_ = simulation_.now;
  change_format(start.width, start.height);
}

void Source::change_format(uint32_t width, uint32_t height) {
  const StreamStart& start = stream(options_.video);
  media::Format format;
  format.codec = start.codec;
  if (options_.video) {
    format.video.width = width;
    format.video.height = height;
    if (options_.intervals.empty()) format.video.frame_rate = options_.rate;
  } else {
    format.audio = {start.sample_rate, start.channels};
  }
  writer_->set_format(format, from_hex(start.out_of_band));
  force_key_ = true;
}

void Source::pause_until(Duration running_time) {
  delay_ = std::max(delay_, running_time - due_);
}

// From a frame to the next one.
Duration Source::interval(uint64_t index) const {
  if (!options_.intervals.empty()) return options_.intervals[index % options_.intervals.size()];
  const auto time = [&](uint64_t frame) {
    const auto i = static_cast<int64_t>(frame);
    return options_.video
               ? Duration(scale_round(i * kNanosecondsPerSecond, options_.rate.den, options_.rate.num))
               : Duration(scale_round(i * kNanosecondsPerSecond, 1024, stream(false).sample_rate));
  };
  return time(index + 1) - time(index);
}

// As an encoder's input is watched.
Duration Source::boundary_after(Duration last, Duration time) const {
  channel::Presentation& presentation = *simulation_.presentation;
  const Duration offset = presentation.offset_at(id_, time + shift_) + shift_;
  return presentation.next_boundary(id_, last + offset) - offset;
}

bool Source::is_keyframe(Duration time) {
  if (!options_.video) return true;
  bool due = !next_key_ || force_key_;
  if (options_.gop > Duration::zero()) {
    due = due || time + 1us >= *next_key_;
    if (due) next_key_ = next_key_.value_or(time) + options_.gop;
  } else {
    const bool late = options_.late_key > 0 && keys_ % options_.late_key == 0;
    const Duration delay = late ? interval(0) * static_cast<int64_t>(1 + keys_ % 2) : Duration::zero();
    due = due || boundary_after(*next_key_, time) + delay <= time + 1us;
    if (due || !late) next_key_ = time;
  }
  force_key_ = false;
  keys_ += due;
  return due;
}

Status Source::emit() {
  // What a pause leaves out never comes.
  while (delay_ > Duration::zero() && due_ + delay_ > due_) {
    const Duration step = interval(index_++);
    due_ += step;
    delay_ = std::max(Duration::zero(), delay_ - step);
  }
  const Duration time = due_;
  const bool key = is_keyframe(time);
  const Duration next = interval(index_++);
  ++frames_;
  due_ += next;
  // With B-frames the decode time runs ahead of the presentation time of every frame by the depth of
  // reordering.
  if (options_.reorder == 0) return push(key, time, time - next * options_.b_frames);
  for (int i = frames_ == 1 ? options_.reorder : 0; i > 0; --i) shown_.push_back(time - next * i);
  shown_.push_back(time);
  if (key) {
    if (Status pushed = push_group(); !pushed) return pushed;
  }
  group_.push_back({key, time});
  return key || std::cmp_greater(group_.size(), options_.reorder) ? push_group() : Status();
}

Status Source::push(bool key, Duration pts, Duration dts) {
  const auto duration = options_.intervals.empty() ? std::optional(interval(index_ - 1)) : std::nullopt;
  Status pushed = writer_->push(key ? key_ : other_, {pts + shift_, dts + shift_, duration});
  force_key_ = force_key_ || (options_.keyframes_on_request && writer_->needs_sync());
  return pushed;
}

// Its decode times are the presentation times of frames that came in before.
Status Source::push_group() {
  if (group_.empty()) return {};
  std::rotate(group_.begin(), group_.end() - 1, group_.end());
  for (const Picture& picture : std::exchange(group_, {})) {
    const Duration dts = shown_.front();
    shown_.pop_front();
    if (Status pushed = push(picture.key, picture.shown, dts); !pushed) return pushed;
  }
  return {};
}

Simulation::Simulation(Settings settings)
    : clock(settings.start),
      store({.memory_limit = settings.memory_limit}, clock),
      directory(store, clock),
      settings_(std::move(settings)) {
  directory.remember_numbers_in(settings_.numbers_folder);
  restart(0s);
}

Simulation::~Simulation() {
  leave();
}

void Simulation::leave() {
  sources.clear();
  if (presentation) presentation->leave();
}

void Simulation::restart(Duration pause, const channel::Options& options) {
  leave();
  clock.advance(pause);
  base_ = clock.monotonic().time_since_epoch();
  now = next_tick_ = 0s;
  auto opened = directory.open(options, std::make_shared<Recorder>(*this));
  if (!opened) throw std::runtime_error(opened.error().message);
  presentation = *opened;
  std::erase_if(last_, [&](const auto& entry) { return !get(entry.first + "/index.m3u8"); });
  presentation->set_anchor(clock.utc().time_since_epoch());
}

Source& Simulation::add(SourceOptions options) {
  sources.push_back(std::make_unique<Source>(*this, std::move(options)));
  return *sources.back();
}

Status Simulation::run_until(Duration until) {
  for (;;) {
    Source* next = nullptr;
    for (const auto& source : sources) {
      if (!source->ended() && (!next || source->due() < next->due())) next = source.get();
    }
    const Duration due = next ? next->due() : until;
    while (next_tick_ <= std::min(due, until)) tick();
    if (!next || due >= until) return {};
    if (due > now) {
      clock.advance(due - now);
      now = due;
    }
    if (Status status = next->emit(); !status) return status;
  }
}

void Simulation::tick() {
  if (next_tick_ > now) {
    clock.advance(next_tick_ - now);
    now = next_tick_;
  }
  next_tick_ += 100ms;
  directory.tick();
  store.expire_due();
  check_playlists();
}

std::optional<std::string> Simulation::get(const std::string& path) const {
  const auto found = store.find(settings_.channel.name + "/" + path);
  if (const auto* object = std::get_if<store::ObjectRef>(&found)) return flatten((*object)->body);
  if (const auto* topic = std::get_if<store::TopicRef>(&found)) {
    if (const auto message = (*topic)->newest()) return flatten(message->form({})->body);
  }
  return std::nullopt;
}

MediaPlaylist Simulation::playlist(const std::string& track) const {
  const auto text = get(track + "/index.m3u8");
  if (!text) throw std::runtime_error("no playlist of " + track);
  return parse_media_playlist(*text);
}

void Simulation::check_fetchable(const std::string& track) const {
  for (const ListedSegment& segment : playlist(track).segments) {
    if (!get(track + "/" + segment.map_uri)) throw std::runtime_error("missing " + segment.map_uri);
    if (segment.gap) continue;
    const auto bytes = get(track + "/" + segment.uri);
    if (!bytes) throw std::runtime_error("missing " + segment.uri);
  }
}

// RFC 8216bis 6.2.5: what is hinted at can be asked for.
void Simulation::check_hints(const std::string& track) const {
  const std::string playlist = get(track + "/index.m3u8").value_or("");
  constexpr std::string_view kHint = "#EXT-X-PRELOAD-HINT:", kUri = "URI=\"";
  for (size_t at = 0; (at = playlist.find(kHint, at)) != std::string::npos; ++at) {
    const size_t begin = playlist.find(kUri, at) + kUri.size();
    const std::string uri = playlist.substr(begin, playlist.find('"', begin) - begin);
    const auto found = store.find(settings_.channel.name + "/" + track + "/" + uri);
    if (std::holds_alternative<std::monostate>(found))
      throw std::runtime_error("hinted at and not there: " + uri + "\n" + playlist);
  }
}

void Simulation::check_playlists() {
  if (!settings_.check_playlists) return;
  for (const auto& source : sources) {
    const std::string& name = source->options().name;
    const auto text = get(name + "/index.m3u8");
    if (!text) continue;
    check_hints(name);
    if (*text == last_text_[name]) continue;
    last_text_[name] = *text;
    MediaPlaylist playlist = parse_media_playlist(*text);
    try {
      check_media_playlist(playlist);
    } catch (const std::runtime_error& error) {
      throw std::runtime_error(error.what() + ("\n" + *text));
    }
    const auto before = last_.find(name);
    if (before != last_.end()) check_successor(before->second, playlist, settings_.memory_limit < 100 << 20);
    last_[name] = std::move(playlist);
  }
}

}  // namespace tests
