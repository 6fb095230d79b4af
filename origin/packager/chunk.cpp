// SPDX-License-Identifier: LGPL-2.1-or-later
#include <algorithm>
#include <cassert>

#include "origin/packager/box_writer.hpp"
#include "origin/packager/cmaf.hpp"
#include "origin/packager/ntp.hpp"

namespace origin::packager {

namespace {

using media::Sample;
using Samples = std::span<const Sample>;

constexpr uint32_t kTrackId = 1;

// Sample flags, ISO/IEC 14496-12 8.8.3.1: sample_depends_on 2 (on no other), or 1 and
// sample_is_non_sync_sample. Where an open group begins, ISO/IEC 14496-15 would have the latter too, but
// players that go by it (Android's, Safari's Media Source Extensions) would never show anything of a stream
// that has nothing better.
constexpr uint32_t kSyncFlags = 0x02000000, kNonSyncFlags = 0x01010000;
uint32_t flags_of(const Sample& sample) {
  return sample.access >= media::Access::kRecovery ? kSyncFlags : kNonSyncFlags;
}

// tf_flags of tfhd and tr_flags of trun, ISO/IEC 14496-12 8.8.7.1 and 8.8.8.1.
constexpr uint32_t kDefaultDuration = 0x8, kDefaultSize = 0x10, kDefaultFlags = 0x20,
                   kDefaultBaseIsMoof = 0x20000;
constexpr uint32_t kDataOffset = 0x1, kFirstSampleFlags = 0x4, kSampleDuration = 0x100, kSampleSize = 0x200,
                   kSampleFlags = 0x400, kSampleOffset = 0x800;

// What is the same for all samples goes into tfhd once, the rest into trun's table.
struct Layout {
  uint32_t tfhd_flags = kDefaultBaseIsMoof;
  uint32_t trun_flags = kDataOffset;
  uint32_t default_flags = 0;
  size_t entry_size = 0;  // of trun's table
};

template <typename Property>
bool all_alike(Samples samples, Property property) {
  return std::all_of(samples.begin(), samples.end(),
                     [&](const Sample& sample) { return property(sample) == property(samples[0]); });
}

Layout layout_of(Samples samples) {
  Layout layout;
  const auto choose = [&](bool alike, uint32_t in_tfhd, uint32_t in_trun) {
    if (alike) {
      layout.tfhd_flags |= in_tfhd;
    } else {
      layout.trun_flags |= in_trun;
      layout.entry_size += 4;
    }
  };
  choose(all_alike(samples, [](const Sample& s) { return s.duration; }), kDefaultDuration, kSampleDuration);
  choose(all_alike(samples, [](const Sample& s) { return s.data.size(); }), kDefaultSize, kSampleSize);
  // first_sample_flags and a table of flags exclude each other (8.8.8.1): a keyframe first is the usual case.
  const Samples after_first = samples.size() > 1 ? samples.subspan(1) : samples;
  const bool flags_alike = all_alike(after_first, flags_of);
  layout.default_flags = flags_of(after_first[0]);
  choose(flags_alike, kDefaultFlags, kSampleFlags);
  if (flags_alike && flags_of(samples[0]) != layout.default_flags) layout.trun_flags |= kFirstSampleFlags;
  const bool no_offsets =
      std::all_of(samples.begin(), samples.end(), [](const Sample& s) { return s.pts == s.dts; });
  choose(no_offsets, 0, kSampleOffset);
  return layout;
}

// SegmentTypeBox, ISO/IEC 14496-12 8.16.2. Not msix: that promises an index (ISO/IEC 23009-1 6.3.4.3). lmsg
// marks the last segment (7.3.2.5).
void write_styp(BoxWriter& writer, bool ends_track) {
  const auto styp = writer.box("styp");
  writer.text("msdh");
  writer.u32(0);
  for (const std::string_view brand : {"msdh", "cmfs"}) writer.text(brand);
  if (ends_track) writer.text("lmsg");
}

// ProducerReferenceTimeBox, ISO/IEC 14496-12 8.16.5.
void write_prft(BoxWriter& writer, UtcTime time, const Sample& first) {
  constexpr uint32_t kCaptured = 24;  // the wall clock that goes with media_time, at a constant distance
  const auto prft = writer.full_box("prft", 1, kCaptured);
  writer.u32(kTrackId);
  writer.u64(ntp_timestamp(time));
  writer.u64(static_cast<uint64_t>(first.pts));
}

// TrackFragmentHeaderBox, ISO/IEC 14496-12 8.8.7.
void write_tfhd(BoxWriter& writer, const Layout& layout, const Sample& first) {
  const auto tfhd = writer.full_box("tfhd", 0, layout.tfhd_flags);
  writer.u32(kTrackId);
  if (layout.tfhd_flags & kDefaultDuration) writer.u32(first.duration);
  if (layout.tfhd_flags & kDefaultSize) writer.u32(static_cast<uint32_t>(first.data.size()));
  if (layout.tfhd_flags & kDefaultFlags) writer.u32(layout.default_flags);
}

// TrackFragmentBaseMediaDecodeTimeBox, ISO/IEC 14496-12 8.8.12.
void write_tfdt(BoxWriter& writer, int64_t dts) {
  assert(dts >= 0);
  const auto tfdt = writer.full_box("tfdt", 1, 0);
  writer.u64(static_cast<uint64_t>(dts));
}

// TrackRunBox, ISO/IEC 14496-12 8.8.8; version 1 for signed composition offsets. Gives where data_offset has
// to go.
size_t write_trun(BoxWriter& writer, const Layout& layout, Samples samples) {
  const auto trun = writer.full_box("trun", 1, layout.trun_flags);
  writer.u32(static_cast<uint32_t>(samples.size()));
  const size_t data_offset_at = writer.size();
  writer.u32(0);
  if (layout.trun_flags & kFirstSampleFlags) writer.u32(flags_of(samples[0]));
  if (layout.entry_size == 0) return data_offset_at;
  for (const Sample& sample : samples) {
    const int64_t offset = sample.pts - sample.dts;
    assert(offset >= INT32_MIN && offset <= INT32_MAX);
    if (layout.trun_flags & kSampleDuration) writer.u32(sample.duration);
    if (layout.trun_flags & kSampleSize) writer.u32(static_cast<uint32_t>(sample.data.size()));
    if (layout.trun_flags & kSampleFlags) writer.u32(flags_of(sample));
    if (layout.trun_flags & kSampleOffset) writer.u32(static_cast<uint32_t>(offset));
  }
  return data_offset_at;
}

// MovieFragmentBox, ISO/IEC 14496-12 8.8.4. Gives where data_offset has to go.
size_t write_moof(BoxWriter& writer, const Layout& layout, Samples samples, uint32_t sequence_number) {
  const auto moof = writer.box("moof");
  {
    const auto mfhd = writer.full_box("mfhd", 0, 0);
    writer.u32(sequence_number);
  }
  const auto traf = writer.box("traf");
  write_tfhd(writer, layout, samples[0]);
  write_tfdt(writer, samples[0].dts);
  return write_trun(writer, layout, samples);
}

}  // namespace

Bytes write_chunk(const media::Format&, Samples samples, const ChunkHeader& header) {
  assert(!samples.empty());
  constexpr size_t kMostOfFixedBoxes = 256;  // styp, prft, and all of moof and mdat but trun's table
  constexpr size_t kBoxHeader = 8;
  size_t payload = 0;
  for (const Sample& sample : samples) payload += sample.data.size();
  assert(payload <= UINT32_MAX - kBoxHeader);
  const Layout layout = layout_of(samples);
  const size_t capacity = kMostOfFixedBoxes + samples.size() * layout.entry_size + payload;

  BoxWriter writer(capacity);
  if (header.starts_segment) {
    write_styp(writer, header.ends_track);
    if (header.producer_time) write_prft(writer, *header.producer_time, samples[0]);
  }
  const size_t moof_at = writer.size();
  const size_t data_offset_at = write_moof(writer, layout, samples, header.sequence_number);
  writer.patch_u32(data_offset_at, static_cast<uint32_t>(writer.size() - moof_at + kBoxHeader));
  {
    const auto mdat = writer.box("mdat");  // MediaDataBox, ISO/IEC 14496-12 8.1.1
    for (const Sample& sample : samples) writer.bytes(sample.data.span());
  }
  assert(writer.size() <= capacity);
  return std::move(writer).finish();
}

}  // namespace origin::packager
