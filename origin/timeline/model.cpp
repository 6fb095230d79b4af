// SPDX-License-Identifier: LGPL-2.1-or-later
#include "origin/timeline/model.hpp"

namespace origin::timeline {

std::string Segment::uri() const {
  return stretch->run + "/" + std::to_string(sequence) + ".m4s";
}

std::string Segment::part_uri(size_t index) const {
  return stretch->run + "/" + std::to_string(sequence) + "." + std::to_string(index) + ".m4s";
}

const Segment* MediaSnapshot::first() const {
  if (!blocks.empty()) return blocks.front()->segments[first_in_block].get();
  return tail.empty() ? nullptr : tail.front().get();
}

const Segment* MediaSnapshot::last() const {
  if (!tail.empty()) return tail.back().get();
  return blocks.empty() ? nullptr : blocks.back()->segments.back().get();
}

size_t MediaSnapshot::size() const {
  size_t count = tail.size();
  for (const auto& block : blocks) count += block->segments.size();
  return count - first_in_block;
}

uint64_t MediaSnapshot::discontinuity_sequence() const {
  if (before) return before->epoch;
  return first() ? first()->epoch : 0;
}

}  // namespace origin::timeline
