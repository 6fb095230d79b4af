// SPDX-License-Identifier: LGPL-2.1-or-later
#include "origin/timeline/window.hpp"

#include <algorithm>
#include <cassert>

#include "origin/timeline/media_playlist.hpp"

namespace origin::timeline {

namespace {

// Segments of a block, and how many stay outside blocks: the tail is where parts are listed and text still
// changes.
constexpr size_t kBlockSize = 32;
constexpr size_t kTailSize = 32;

// What a segment in a block costs besides its text: references and the allocator's own.
constexpr size_t kSegmentCost = sizeof(Segment) + 64;

struct ChargedText {
  std::string text;
  std::shared_ptr<void> charge;

  const char* data() const { return text.data(); }
  size_t size() const { return text.size(); }
};

}  // namespace

Window::Window(Config config) : config_(std::move(config)), bandwidth_(config_.segment_duration) {}

void Window::open(Segment segment) {
  assert(!open_);
  open_ = std::make_shared<Segment>(std::move(segment));
}

void Window::add_part(Part part) {
  assert(open_);
  // Snapshots share the open segment: change a copy.
  auto grown = std::make_shared<Segment>(*open_);
  grown->duration += part.duration;
  grown->bytes += part.bytes;
  if (grown->parts.empty()) grown->independent = part.self_contained;
  grown->parts.push_back(std::move(part));
  open_ = std::move(grown);
}

SegmentRef Window::close() {
  assert(open_);
  SegmentRef closed = std::move(open_);
  open_ = nullptr;
  bandwidth_.add(closed->duration, closed->bytes);
  append(closed);
  return closed;
}

void Window::add_gap(Segment segment) {
  assert(!open_);
  segment.gap = true;
  ++gaps_;
  append(std::make_shared<const Segment>(std::move(segment)));
}

void Window::append(SegmentRef segment) {
  if (last_sequence_ && segment->epoch > last_epoch_) discontinuities_ += segment->epoch - last_epoch_;
  last_sequence_ = segment->sequence;
  last_epoch_ = segment->epoch;
  end_time_ = segment->start + segment->duration;
  duration_ += segment->duration;
  longest_ = std::max(longest_, segment->duration);
  bytes_ += segment->bytes;
  independent_segments_ = independent_segments_ && segment->independent;
  tail_.push_back(std::move(segment));
  forget_old_parts();
  const auto has_parts = [](const SegmentRef& listed) { return !listed->parts.empty(); };
  if (tail_.size() >= kTailSize + kBlockSize &&
      std::none_of(tail_.begin(), tail_.begin() + kBlockSize, has_parts)) {
    fold_tail();
  }
}

// RFC 8216bis 6.2.2: parts are listed within three target durations of the end.
void Window::forget_old_parts() {
  Duration behind{};
  for (auto segment = tail_.rbegin(); segment != tail_.rend(); ++segment) {
    if (behind >= minimum() && !(*segment)->parts.empty()) {
      // Snapshots share the old one.
      auto without = std::make_shared<Segment>(**segment);
      without->parts = std::vector<Part>();
      unlisted_parts_.push_back(std::exchange(*segment, std::move(without)));
    }
    behind += (*segment)->duration;
  }
}

void Window::fold_tail() {
  auto block = std::make_shared<Block>();
  block->segments.assign(tail_.begin(), tail_.begin() + kBlockSize);
  const Segment* previous = blocks_.empty() ? nullptr : blocks_.back()->segments.back().get();
  std::string text;
  for (const SegmentRef& segment : block->segments) {
    block->offsets.push_back(static_cast<uint32_t>(text.size()));
    append_segment_text(text, *segment, previous, config_.has_dates);
    previous = segment.get();
  }
  text.shrink_to_fit();
  const size_t cost = text.size() + kBlockSize * kSegmentCost;
  block->text = Bytes::take(ChargedText{std::move(text), config_.charge ? config_.charge(cost) : nullptr});
  blocks_.push_back(std::move(block));
  tail_.erase(tail_.begin(), tail_.begin() + kBlockSize);
}

const Segment* Window::first() const {
  if (!blocks_.empty()) return blocks_.front()->segments[first_in_block_].get();
  return tail_.empty() ? nullptr : tail_.front().get();
}

const Segment* Window::last() const {
  if (!tail_.empty()) return tail_.back().get();
  return blocks_.empty() ? nullptr : blocks_.back()->segments.back().get();
}

size_t Window::size() const {
  size_t count = tail_.size();
  for (const auto& block : blocks_) count += block->segments.size();
  return count - first_in_block_;
}

SegmentRef Window::pop_front() {
  SegmentRef oldest;
  if (!blocks_.empty()) {
    oldest = blocks_.front()->segments[first_in_block_++];
    if (first_in_block_ == blocks_.front()->segments.size()) {
      blocks_.erase(blocks_.begin());
      first_in_block_ = 0;
    }
  } else {
    oldest = tail_.front();
    tail_.erase(tail_.begin());
  }
  removed_ = oldest;
  duration_ -= oldest->duration;
  bytes_ -= oldest->bytes;
  return oldest;
}

// Three target durations: what a live playlist lists at the least, and what has parts (RFC 8216bis 6.2.2).
Duration Window::minimum() const {
  return 3 * std::max<Duration>(std::chrono::seconds(target_duration_), config_.segment_duration);
}

bool Window::outlasts_minimum() const {
  const Segment* oldest = first();
  return oldest && duration_ - oldest->duration >= minimum();
}

std::vector<SegmentRef> Window::segments() const {
  std::vector<SegmentRef> all;
  for (const auto& block : blocks_) all.insert(all.end(), block->segments.begin(), block->segments.end());
  all.insert(all.end(), tail_.begin(), tail_.end());
  return all;
}

void Window::relist(std::vector<SegmentRef> segments) {
  assert(!removed_ && segments.size() == size());
  discontinuities_ = segments.empty() ? 0 : segments.back()->epoch - segments.front()->epoch;
  last_epoch_ = segments.empty() ? 0 : segments.back()->epoch;
  blocks_.clear();
  tail_ = std::move(segments);
  while (tail_.size() >= kTailSize + kBlockSize) fold_tail();
}

std::vector<SegmentRef> Window::trim() {
  std::vector<SegmentRef> removed;
  if (config_.type != PlaylistType::kLive || config_.length == Duration::zero()) return removed;
  while (outlasts_minimum() && duration_ - first()->duration >= config_.length)
    removed.push_back(pop_front());
  return removed;
}

bool Window::may_drop_oldest() const {
  return config_.type == PlaylistType::kLive && size() > (ended_ ? 0 : 1);
}

bool Window::needs_init(const std::string& uri) const {
  const auto needs = [&](const SegmentRef& segment) { return segment->init_uri() == uri; };
  for (size_t i = 0; i < blocks_.size(); ++i) {
    const auto begin = blocks_[i]->segments.begin() + static_cast<ptrdiff_t>(i == 0 ? first_in_block_ : 0);
    if (std::any_of(begin, blocks_[i]->segments.end(), needs)) return true;
  }
  return std::any_of(tail_.begin(), tail_.end(), needs) || (open_ && open_->init_uri() == uri);
}

std::shared_ptr<MediaSnapshot> Window::snapshot() const {
  auto snapshot = std::make_shared<MediaSnapshot>();
  snapshot->type = config_.type;
  snapshot->target_duration = target_duration_;
  snapshot->has_dates = config_.has_dates;
  snapshot->ended = ended_;
  snapshot->independent_segments = independent_segments_;
  snapshot->before = removed_;
  snapshot->blocks = blocks_;
  snapshot->first_in_block = first_in_block_;
  snapshot->tail = tail_;
  snapshot->open = open_;
  return snapshot;
}

}  // namespace origin::timeline
