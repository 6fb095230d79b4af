// SPDX-License-Identifier: LGPL-2.1-or-later
// libFuzzer target: bytes that are pushed to a publishing point, up to the playlist that players read. Input:
// how it is pushed, the stream.
#include <cstdint>
#include <cstdlib>
#include <stdexcept>

#include "origin/channel/ingest.hpp"
#include "tests/manual_clock.hpp"
#include "tests/playlist.hpp"

namespace {

using namespace origin;

constexpr const char* kQueries[] = {"", "aligned=true&publisher=a", "playlist_type=vod", "part_duration=0",
                                    "playlist_type=event&segment_duration=0.5&part_duration=0.1"};

std::string text_of(const store::Store& store, std::string_view name) {
  const store::Store::Found found = store.find(name);
  const auto* topic = std::get_if<store::TopicRef>(&found);
  const store::MessageRef message = topic ? (*topic)->newest() : nullptr;
  std::string text;
  if (!message) return text;
  for (const Bytes& bytes : message->form({})->body)
    text.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  return text;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  ManualClock clock;
  store::Store store({.memory_limit = 64 << 20}, clock);
  const auto directory = std::make_shared<channel::Directory>(store, clock);
  channel::Ingest ingest(directory, store, clock, {.max_cmaf_header = 1 << 16, .max_cmaf_chunk = 1 << 18});
  const size_t piece = 1 + data[0] / std::size(kQueries) * 20;
  for (int round = 0; round < 2; ++round) {
    auto push = ingest.push("live/video.cmfv", kQueries[data[0] % std::size(kQueries)]);
    if (!push) std::abort();
    for (size_t at = 1; at < size; at += piece) {
      const std::string_view bytes(reinterpret_cast<const char*>(data) + at, std::min(piece, size - at));
      if (!(*push)->write(bytes)) break;
      clock.advance(40ms);
      directory->tick();
    }
  }
  static_cast<void>(ingest.end("live"));
  const std::string playlist = text_of(store, "live/video/index.m3u8");
  try {
    if (!playlist.empty()) tests::check_media_playlist(tests::parse_media_playlist(playlist));
  } catch (const std::runtime_error&) {
    std::abort();
  }
  return 0;
}
