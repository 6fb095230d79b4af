// SPDX-License-Identifier: LGPL-2.1-or-later
#include "tests/box_reader.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <stdexcept>

namespace tests {

namespace {

[[noreturn]] void fail(const std::string& what) {
  throw std::runtime_error("MP4: " + what);
}

// Big endian fields, one after the other.
class Fields {
 public:
  explicit Fields(Span data) : data_(data) {}

  bool at_end() const { return data_.empty(); }
  Span take(size_t count) {
    if (count > data_.size()) fail("a box is too short for its fields");
    const Span taken = data_.first(count);
    data_ = data_.subspan(count);
    return taken;
  }
  uint64_t number(size_t bytes) {
    uint64_t value = 0;
    for (const uint8_t byte : take(bytes)) value = value * 256 + byte;
    return value;
  }
  uint16_t u16() { return static_cast<uint16_t>(number(2)); }
  uint32_t u32() { return static_cast<uint32_t>(number(4)); }
  uint64_t u64() { return number(8); }
  std::string code() {
    const Span letters = take(4);
    return {letters.begin(), letters.end()};
  }
  void skip(size_t count) { take(count); }

 private:
  Span data_;
};

// How many bytes of a box come before its child boxes; nothing for a box without children.
std::optional<size_t> bytes_before_children(std::string_view type) {
  constexpr std::array<std::string_view, 11> kContainers{"moov", "trak", "mdia", "minf", "dinf", "stbl",
                                                         "mvex", "moof", "traf", "edts", "udta"};
  constexpr std::array<std::string_view, 6> kVideoEntries{"avc1", "avc3", "hvc1", "hev1", "av01", "vp09"};
  constexpr std::array<std::string_view, 5> kAudioEntries{"mp4a", "Opus", "fLaC", "ac-3", "ec-3"};
  const auto is_one_of = [&](const auto& types) {
    return std::find(types.begin(), types.end(), type) != types.end();
  };
  if (is_one_of(kContainers)) return 0;
  if (type == "stsd" || type == "dref") return 8;  // version, flags and entry_count
  if (is_one_of(kVideoEntries)) return 78;         // 8.5.2 SampleEntry, 12.1.3 VisualSampleEntry
  if (is_one_of(kAudioEntries)) return 28;         // 12.2.3 AudioSampleEntry
  return std::nullopt;
}

std::vector<Box> read_list(Span data, size_t offset) {
  std::vector<Box> boxes;
  while (!data.empty()) {
    Fields fields(data);
    Box box;
    uint64_t size = fields.u32();
    box.type = fields.code();
    size_t header = 8;
    if (size == 1) {
      size = fields.u64();
      header = 16;
    } else if (size == 0) {
      fail("box '" + box.type + "' without a size");
    }
    if (size < header || size > data.size()) fail("box '" + box.type + "' does not fit its parent");
    box.offset = offset;
    box.whole = data.first(size);
    box.content = box.whole.subspan(header);
    if (const auto before = bytes_before_children(box.type)) {
      if (*before > box.content.size()) fail("box '" + box.type + "' is too short");
      box.children = read_list(box.content.subspan(*before), offset + header + *before);
    }
    data = data.subspan(size);
    offset += size;
    boxes.push_back(std::move(box));
  }
  return boxes;
}

double fixed_16_16(uint32_t value) {
  return value / 65536.0;
}

void read_entry(const Box& entry, Track& track) {
  track.entry = entry.type;
  Fields fields(entry.content);
  fields.skip(8);
  if (track.handler == "vide") {
    fields.skip(16);
    track.width = fields.u16();
    track.height = fields.u16();
  } else {
    fields.skip(8);
    track.channels = fields.u16();
    track.sample_size = fields.u16();
    fields.skip(4);
    track.sample_rate = fields.u32() >> 16;
  }
  if (entry.children.empty()) fail("a sample entry without configuration");
  track.config_type = entry.children.front().type;
  track.config = entry.children.front().content;
}

void read_track_header(const Box& tkhd, Track& track) {
  Fields fields(tkhd.content);
  const bool wide = tkhd.version() == 1;
  fields.skip(4 + (wide ? 16 : 8));
  track.id = fields.u32();
  fields.skip(4 + (wide ? 8 : 4) + 8 + 2 + 2 + 2 + 2 + 36);
  track.display_width = fixed_16_16(fields.u32());
  track.display_height = fixed_16_16(fields.u32());
  if (!fields.at_end()) fail("tkhd is too long");
}

void read_media_header(const Box& mdhd, Track& track) {
  Fields fields(mdhd.content);
  const bool wide = mdhd.version() == 1;
  fields.skip(4 + (wide ? 16 : 8));
  track.timescale = fields.u32();
  fields.skip(wide ? 8 : 4);
  const uint16_t language = fields.u16();
  for (int shift = 10; shift >= 0; shift -= 5) {
    track.language += static_cast<char>(((language >> shift) & 31) + 0x60);
  }
}

// A track fragment's defaults: tfhd where it has them, else trex (8.8.7).
struct Defaults {
  uint32_t duration = 0;
  uint32_t size = 0;
  uint32_t flags = 0;
  uint64_t base = 0;
};

Defaults read_fragment_header(const Track& track, const Box& moof, const Box& tfhd) {
  Defaults defaults{track.default_duration, track.default_size, track.default_flags, moof.offset};
  Fields fields(tfhd.content);
  fields.skip(4);
  if (fields.u32() != track.id) fail("a fragment of another track");
  const uint32_t flags = tfhd.flags();
  if (flags & 0x1) {
    defaults.base = fields.u64();
  } else if ((flags & 0x20000) == 0) {
    fail("a fragment without default-base-is-moof");
  }
  if (flags & 0x2) fields.skip(4);
  if (flags & 0x8) defaults.duration = fields.u32();
  if (flags & 0x10) defaults.size = fields.u32();
  if (flags & 0x20) defaults.flags = fields.u32();
  if (!fields.at_end()) fail("tfhd is too long");
  return defaults;
}

// One trun (8.8.8); dts moves on by its samples.
void read_run(const Box& trun, const Defaults& defaults, uint64_t& dts, Span segment,
              std::vector<MediaSample>& out) {
  Fields fields(trun.content);
  fields.skip(4);
  const uint32_t flags = trun.flags(), count = fields.u32();
  uint64_t position = defaults.base;
  if (flags & 0x1) position += static_cast<uint64_t>(static_cast<int32_t>(fields.u32()));
  if ((flags & 0x404) == 0x404) fail("first_sample_flags beside a table of flags");
  const std::optional<uint32_t> first_flags = flags & 0x4 ? std::optional(fields.u32()) : std::nullopt;
  for (uint32_t i = 0; i < count; ++i) {
    MediaSample sample;
    sample.duration = flags & 0x100 ? fields.u32() : defaults.duration;
    const uint32_t size = flags & 0x200 ? fields.u32() : defaults.size;
    sample.flags = i == 0 && first_flags ? *first_flags : defaults.flags;
    if (flags & 0x400) sample.flags = fields.u32();
    int64_t offset = 0;
    if (flags & 0x800) {
      const uint32_t bits = fields.u32();
      offset = trun.version() == 0 ? int64_t{bits} : int64_t{static_cast<int32_t>(bits)};
    }
    if (position > segment.size() || size > segment.size() - position) fail("a sample outside the segment");
    sample.dts = static_cast<int64_t>(dts);
    sample.pts = sample.dts + offset;
    sample.offset = position;
    sample.data = segment.subspan(position, size);
    position += size;
    dts += sample.duration;
    out.push_back(sample);
  }
  if (!fields.at_end()) fail("trun is too long");
}

bool lies_in_mdat(const std::vector<Box>& boxes, const MediaSample& sample) {
  return std::any_of(boxes.begin(), boxes.end(), [&](const Box& box) {
    const size_t start = box.offset + box.whole.size() - box.content.size();
    return box.type == "mdat" && sample.offset >= start &&
           sample.offset + sample.data.size() <= start + box.content.size();
  });
}

}  // namespace

std::vector<Box> read_boxes(Span file) {
  return read_list(file, 0);
}

const Box* find_box(const std::vector<Box>& boxes, std::string_view path) {
  const size_t slash = path.find('/');
  const std::string_view type = path.substr(0, slash);
  for (const Box& box : boxes) {
    if (box.type != type) continue;
    return slash == path.npos ? &box : find_box(box.children, path.substr(slash + 1));
  }
  return nullptr;
}

const Box& get_box(const std::vector<Box>& boxes, std::string_view path) {
  const Box* box = find_box(boxes, path);
  if (box == nullptr) fail("no box " + std::string(path));
  return *box;
}

Track read_track(Span init_segment) {
  const std::vector<Box> boxes = read_boxes(init_segment);
  if (boxes.empty() || boxes.front().type != "ftyp") fail("does not start with ftyp");
  Track track;
  read_track_header(get_box(boxes, "moov/trak/tkhd"), track);
  read_media_header(get_box(boxes, "moov/trak/mdia/mdhd"), track);
  Fields handler(get_box(boxes, "moov/trak/mdia/hdlr").content);
  handler.skip(8);
  track.handler = handler.code();
  const Box& stsd = get_box(boxes, "moov/trak/mdia/minf/stbl/stsd");
  if (stsd.children.size() != 1) fail("not one sample entry");
  read_entry(stsd.children.front(), track);
  Fields trex(get_box(boxes, "moov/mvex/trex").content);
  trex.skip(4);
  if (trex.u32() != track.id) fail("trex of another track");
  trex.skip(4);
  track.default_duration = trex.u32();
  track.default_size = trex.u32();
  track.default_flags = trex.u32();
  return track;
}

std::vector<MediaSample> read_samples(const Track& track, Span segment) {
  const std::vector<Box> boxes = read_boxes(segment);
  std::vector<MediaSample> samples;
  for (const Box& moof : boxes) {
    if (moof.type != "moof") continue;
    const Box& traf = get_box(moof.children, "traf");
    const Defaults defaults = read_fragment_header(track, moof, get_box(traf.children, "tfhd"));
    const Box& tfdt = get_box(traf.children, "tfdt");
    Fields fields(tfdt.content);
    fields.skip(4);
    uint64_t dts = tfdt.version() == 1 ? fields.u64() : fields.u32();
    for (const Box& trun : traf.children) {
      if (trun.type == "trun") read_run(trun, defaults, dts, segment, samples);
    }
  }
  for (const MediaSample& sample : samples) {
    if (!lies_in_mdat(boxes, sample)) fail("a sample outside every mdat");
  }
  return samples;
}

}  // namespace tests
