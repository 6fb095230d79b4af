// SPDX-License-Identifier: LGPL-2.1-or-later
#include <algorithm>

#include "origin/packager/reader.hpp"
#include "origin/packager/reader_times.hpp"

namespace origin::packager {

namespace {

Error invalid(const std::string& message) {
  return {ErrorCode::kInvalid, message};
}
Error unsupported(const std::string& message) {
  return {ErrorCode::kUnsupported, message};
}

// tf_flags and tr_flags, ISO/IEC 14496-12 8.8.7.1 and 8.8.8.1, and sample flags, 8.8.3.1.
constexpr uint32_t kBaseDataOffset = 0x1, kSampleDescription = 0x2, kDefaultDuration = 0x8,
                   kDefaultSize = 0x10, kDefaultFlags = 0x20;
constexpr uint32_t kDataOffset = 0x1, kFirstSampleFlags = 0x4, kSampleDuration = 0x100, kSampleSize = 0x200,
                   kSampleFlags = 0x400, kSampleOffset = 0x800;
constexpr uint32_t kNonSyncSample = 0x10000;

// Reads the runs of a track fragment, one after the other.
class Fragment {
 public:
  // All offsets count from the first byte of the chunk.
  Fragment(const Bytes& chunk, uint64_t moof_at, const Box& mdat, const SampleDefaults& defaults, int64_t dts)
      : chunk_(chunk),
        moof_at_(moof_at),
        mdat_(mdat),
        defaults_(defaults),
        dts_(dts),
        position_(static_cast<int64_t>(moof_at)) {}

  // TrackRunBox, ISO/IEC 14496-12 8.8.8.
  Status read_run(const Box& trun, std::vector<media::Sample>& samples);

 private:
  Status check_count(const Box& trun, uint64_t count, size_t entry_size, size_t bytes_left,
                     size_t before) const;
  Status take_data(const Box& trun, uint32_t size, media::Sample& sample);

  const Bytes& chunk_;
  const uint64_t moof_at_;
  const Box& mdat_;
  const SampleDefaults defaults_;
  int64_t dts_;         // of the next sample
  int64_t position_;    // of its data
  uint64_t taken_ = 0;  // bytes of mdat
};

Status Fragment::read_run(const Box& trun, std::vector<media::Sample>& samples) {
  FullBox box(trun);
  media::BitReader& fields = box.fields;
  const uint32_t count = fields.bits(32);
  const auto has = [&](uint32_t flag) { return (box.flags & flag) != 0; };
  // Of the first run and without an offset it is where moof begins, else where the run before it ends.
  if (has(kDataOffset)) position_ = static_cast<int64_t>(moof_at_) + static_cast<int32_t>(fields.bits(32));
  const uint32_t first_flags = has(kFirstSampleFlags) ? fields.bits(32) : defaults_.flags;
  if (!fields.ok()) return too_short(trun);
  size_t entry_size = 0;
  for (const uint32_t flag : {kSampleDuration, kSampleSize, kSampleFlags, kSampleOffset}) {
    if (has(flag)) entry_size += 4;
  }
  if (Status status = check_count(trun, count, entry_size, fields.bits_left() / 8, samples.size()); !status)
    return status;
  samples.reserve(samples.size() + count);
  for (uint32_t i = 0; i < count; ++i) {
    media::Sample sample;
    sample.duration = has(kSampleDuration) ? fields.bits(32) : defaults_.duration;
    const uint32_t size = has(kSampleSize) ? fields.bits(32) : defaults_.size;
    const uint32_t flags = has(kSampleFlags) ? fields.bits(32) : i == 0 ? first_flags : defaults_.flags;
    // Signed in version 1 only, but there are writers of negative ones in version 0, and none of such large
    // ones.
    const int32_t offset = has(kSampleOffset) ? static_cast<int32_t>(fields.bits(32)) : 0;
    sample.dts = dts_;
    sample.pts = dts_ + offset;
    sample.access = flags & kNonSyncSample ? media::Access::kNone : media::Access::kSync;
    if (Status status = take_data(trun, size, sample); !status) return status;
    dts_ += sample.duration;
    samples.push_back(std::move(sample));
  }
  return {};
}

Status Fragment::check_count(const Box& trun, uint64_t count, size_t entry_size, size_t bytes_left,
                             size_t before) const {
  if (count > kMostSamples - before) {
    return Error{ErrorCode::kTooLarge, trun.place() + " has " + std::to_string(count) +
                                           " samples; with the " + std::to_string(before) +
                                           " before them there may be " + std::to_string(kMostSamples)};
  }
  if (count * entry_size > bytes_left) {
    return invalid(trun.place() + " has " + std::to_string(count) + " samples of " +
                   std::to_string(entry_size) + " bytes each in " + std::to_string(bytes_left) + " bytes");
  }
  return {};
}

Status Fragment::take_data(const Box& trun, uint32_t size, media::Sample& sample) {
  const auto begin = static_cast<int64_t>(mdat_.content_at);
  const int64_t end = begin + static_cast<int64_t>(mdat_.content.size());
  if (position_ < begin || position_ > end || size > end - position_) {
    return invalid(trun.place() + " has a sample of " + std::to_string(size) + " bytes at byte " +
                   std::to_string(position_) + "; samples must be within 'mdat', bytes " +
                   std::to_string(begin) + " to " + std::to_string(end));
  }
  taken_ += size;
  if (taken_ > mdat_.content.size()) {
    return invalid(trun.place() +
                   " uses bytes of 'mdat' that another sample has; each byte may belong to one");
  }
  if (size > 0) sample.data = chunk_.slice(static_cast<size_t>(position_), size);
  position_ += size;
  return {};
}

// TrackFragmentHeaderBox, ISO/IEC 14496-12 8.8.7.
Result<SampleDefaults> read_fragment_header(const CmafTrack& track, const Box& tfhd) {
  FullBox box(tfhd);
  const auto has = [&](uint32_t flag) { return (box.flags & flag) != 0; };
  SampleDefaults defaults = track.defaults;
  const uint32_t track_id = box.fields.bits(32);
  if (has(kBaseDataOffset)) {
    return unsupported(tfhd.place() +
                       " has a base-data-offset; CMAF counts from moof (default-base-is-moof; ffmpeg: "
                       "-movflags +cmaf or +default_base_moof)");
  }
  const uint32_t description = has(kSampleDescription) ? box.fields.bits(32) : 1;
  if (has(kDefaultDuration)) defaults.duration = box.fields.bits(32);
  if (has(kDefaultSize)) defaults.size = box.fields.bits(32);
  if (has(kDefaultFlags)) defaults.flags = box.fields.bits(32);
  if (!box.fields.ok()) return too_short(tfhd);
  if (track_id != track.track_id) {
    return invalid(tfhd.place() + " is of track " + std::to_string(track_id) + "; the header's is " +
                   std::to_string(track.track_id));
  }
  if (description != 1) {
    return invalid(tfhd.place() + " names sample entry " + std::to_string(description) +
                   "; the header has 1");
  }
  return defaults;
}

// The only box of its type.
Result<Box> only_box(const Box& parent, std::string_view type) {
  const Result<std::vector<Box>> boxes = read_boxes(parent);
  if (!boxes) return boxes.error();
  const auto count =
      std::count_if(boxes->begin(), boxes->end(), [&](const Box& box) { return box.type == type; });
  if (count > 1) {
    return unsupported(parent.place() + " has " + std::to_string(count) + " " + quoted(type) +
                       "; a chunk has one (ISO/IEC 23000-19 7.3.2)");
  }
  return get_box(parent, type);
}

// TrackFragmentBox, ISO/IEC 14496-12 8.8.6.
Status read_fragment(const CmafTrack& track, const Bytes& chunk, uint64_t moof_at, const Box& traf,
                     const Box& mdat, std::vector<media::Sample>& samples) {
  const Result<Box> tfhd = get_box(traf, "tfhd"), tfdt = get_box(traf, "tfdt");
  if (!tfhd) return tfhd.error();
  if (!tfdt) return tfdt.error();
  const Result<SampleDefaults> defaults = read_fragment_header(track, *tfhd);
  if (!defaults) return defaults.error();
  const Result<int64_t> dts = read_decode_time(*tfdt, track.edit_shift);
  if (!dts) return dts.error();
  const Result<std::vector<Box>> boxes = read_boxes(traf);
  if (!boxes) return boxes.error();
  Fragment fragment(chunk, moof_at, mdat, *defaults, *dts);
  for (const Box& trun : *boxes) {
    if (trun.type != "trun") continue;
    if (Status status = fragment.read_run(trun, samples); !status) return status;
  }
  return {};
}

}  // namespace

Result<CmafChunk> read_chunk(const CmafTrack& track, const Bytes& chunk) {
  const Box unit{"chunk", 0, 0, chunk.span()};
  const Result<Box> moof = only_box(unit, "moof"), mdat = only_box(unit, "mdat");
  if (!moof) return moof.error();
  if (!mdat) return mdat.error();
  const Result<Box> traf = only_box(*moof, "traf");
  if (!traf) return traf.error();
  CmafChunk result;
  const Result<std::vector<Box>> boxes = read_boxes(unit);
  if (!boxes) return boxes.error();
  if (const Box* prft = find_box(*boxes, "prft")) {
    const Result<ProducerTime> time = read_producer_time(*prft, track.edit_shift);
    if (!time) return time.error();
    result.producer_time = *time;
  }
  if (const Result<Box> mfhd = get_box(*moof, "mfhd")) {
    FullBox box(*mfhd);
    result.sequence_number = box.fields.bits(32);
  }
  if (Status status = read_fragment(track, chunk, moof->start, *traf, *mdat, result.samples); !status)
    return status.error();
  return result;
}

}  // namespace origin::packager
