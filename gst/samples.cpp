// SPDX-License-Identifier: LGPL-2.1-or-later
#include "gst/samples.hpp"

#include <cmath>

namespace gst {

namespace {

struct Mapping {
  GstBuffer* buffer;
  GstMapInfo info;
};

int64_t running_time(const GstSegment* segment, GstClockTime time) {
  guint64 magnitude = 0;
  const gint sign = GST_CLOCK_TIME_IS_VALID(time)
                        ? gst_segment_to_running_time_full(segment, GST_FORMAT_TIME, time, &magnitude)
                        : 0;
  return sign == 0 ? ORIGIN_TIME_NONE : sign * static_cast<int64_t>(magnitude);
}

}  // namespace

SampleTimes running_times(GstBuffer* buffer, const GstSegment* segment) {
  SampleTimes times{running_time(segment, GST_BUFFER_PTS(buffer)),
                    running_time(segment, GST_BUFFER_DTS(buffer)), ORIGIN_TIME_NONE};
  if (GST_BUFFER_DURATION_IS_VALID(buffer)) {
    const double rate = std::abs(segment->rate);
    const auto duration = static_cast<int64_t>(GST_BUFFER_DURATION(buffer));
    times.duration = rate == 1.0 ? duration : std::llround(static_cast<double>(duration) / rate);
  }
  return times;
}

bool is_media(GstBuffer* buffer, const Codec& codec) {
  if (gst_buffer_get_size(buffer) == 0) return false;
  if (codec.kind == Kind::kVideo) return true;
  if (GST_BUFFER_FLAG_IS_SET(buffer, GST_BUFFER_FLAG_HEADER)) return false;
  // flacparse does not flag all the metadata blocks that it finds in caps; a frame begins with a sync code
  // (RFC 9639 9.1), which no block does.
  guint8 first = 0;
  gst_buffer_extract(buffer, 0, &first, 1);
  return codec.id != ORIGIN_CODEC_FLAC || first == 0xff;
}

bool is_before(GstBuffer* buffer, const GstSegment* segment) {
  const GstClockTime start = GST_BUFFER_PTS(buffer);
  if (!GST_CLOCK_TIME_IS_VALID(start)) return false;
  const GstClockTime end = start + (GST_BUFFER_DURATION_IS_VALID(buffer) ? GST_BUFFER_DURATION(buffer) : 0);
  return end < segment->start || (end == segment->start && start < end);
}

bool is_after(GstBuffer* buffer, const GstSegment* segment) {
  const GstClockTime start = GST_BUFFER_PTS(buffer);
  return GST_CLOCK_TIME_IS_VALID(start) && GST_CLOCK_TIME_IS_VALID(segment->stop) && start > segment->stop;
}

int64_t start_of(const GstSegment* segment) {
  return running_time(segment, segment->start);
}

GBytes* bytes_of(GstBuffer* buffer) {
  auto* mapping = new Mapping{gst_buffer_ref(buffer), {}};
  if (!gst_buffer_map(buffer, &mapping->info, GST_MAP_READ)) {
    gst_buffer_unref(mapping->buffer);
    delete mapping;
    return nullptr;
  }
  const auto unmap = [](gpointer data) {
    auto* done = static_cast<Mapping*>(data);
    gst_buffer_unmap(done->buffer, &done->info);
    gst_buffer_unref(done->buffer);
    delete done;
  };
  if (buffer->pool) {
    GBytes* copy = g_bytes_new(mapping->info.data, mapping->info.size);
    unmap(mapping);
    return copy;
  }
  return g_bytes_new_with_free_func(mapping->info.data, mapping->info.size, unmap, mapping);
}

}  // namespace gst
