// SPDX-License-Identifier: LGPL-2.1-or-later
// The public API as an embedding application uses it.
#include <atomic>
#include <cstring>
#include <thread>
#include <vector>

#include "origin/api/origin.h"
#include "tests/check_main.hpp"

namespace {

OriginPresentation* open_live(OriginServer* server, const char* name, GError** error = nullptr) {
  OriginPresentationOptions options;
  origin_presentation_options_init(&options);
  return origin_server_open_presentation(server, name, &options, error);
}

struct Owned {
  OriginServer* server = nullptr;
  OriginPresentation* presentation = nullptr;
  OriginTrack* track = nullptr;
  std::atomic<bool> gone{false};
};

void let_go(OriginPresentation*, const char*, guint64, gint64, gint64, guint64, gpointer data) {
  auto* owned = static_cast<Owned*>(data);
  g_clear_object(&owned->track);
  g_clear_object(&owned->presentation);
  g_clear_object(&owned->server);
  owned->gone = true;
}

// Opus packets of 20 ms without a header; the origin makes one up.
void push_opus(OriginTrack* track, int packets) {
  for (int i = 0; i < packets; ++i) {
    static const guint8 packet[] = {0xfc, 0xb5, 0x0e, 0x7d, 0x91, 0xcc};
    GBytes* bytes = g_bytes_new_static(packet, sizeof packet);
    origin_track_push(track, bytes, i * G_GINT64_CONSTANT(20'000'000), ORIGIN_TIME_NONE, 20'000'000, nullptr);
    g_bytes_unref(bytes);
  }
}

}  // namespace

START_TEST(test_last_reference_may_go_in_a_signal_of_the_origins_own_thread) {
  Owned owned;
  owned.server = origin_server_new();
  owned.presentation = open_live(owned.server, "show");
  // Running time 0 lies on the grid, so that the last segment has a part when the packets stop.
  const gint64 segment = 2 * G_GINT64_CONSTANT(1'000'000'000);
  origin_presentation_set_anchor(owned.presentation, g_get_real_time() * 1000 / segment * segment);
  owned.track = origin_presentation_add_track(owned.presentation, "audio_0", nullptr);
  OriginFormat format{};
  format.codec = ORIGIN_CODEC_OPUS;
  format.sample_rate = 48'000;
  format.channels = 2;
  ck_assert(origin_track_set_format(owned.track, &format, nullptr));
  push_opus(owned.track, 350);
  // From here on segments are only closed by the outage that the timekeeper notices.
  g_signal_connect(owned.presentation, "segment-added", G_CALLBACK(let_go), &owned);
  while (!owned.gone) std::this_thread::yield();
}
END_TEST

START_TEST(test_callers_with_one_address_share_a_server_that_runs) {
  OriginServer* first = origin_server_new();
  ck_assert(origin_server_listen(first, "127.0.0.1", 0, nullptr));
  const guint port = origin_server_get_port(first);
  g_object_unref(first);

  std::vector<std::thread> threads;
  std::vector<OriginServer*> servers(8);
  for (auto& server : servers) {
    threads.emplace_back(
        [&server, port] { server = origin_server_obtain("127.0.0.1", port, 1 << 20, nullptr); });
  }
  for (std::thread& thread : threads) thread.join();
  for (OriginServer* server : servers) ck_assert_ptr_eq(server, servers[0]);

  origin_server_stop(servers[0]);
  OriginServer* next = origin_server_obtain("127.0.0.1", port, 1 << 20, nullptr);
  ck_assert_ptr_nonnull(next);
  ck_assert_ptr_ne(next, servers[0]);
  g_object_unref(next);
  for (OriginServer* server : servers) g_object_unref(server);
}
END_TEST

START_TEST(test_errors_name_the_value) {
  OriginServer* server = origin_server_new();
  OriginPresentationOptions options;
  origin_presentation_options_init(&options);
  options.playlist_type = static_cast<OriginPlaylistType>(77);
  GError* error = nullptr;
  ck_assert_ptr_null(origin_server_open_presentation(server, "show", &options, &error));
  ck_assert_msg(strstr(error->message, "77") != nullptr, "%s", error->message);
  g_clear_error(&error);
  ck_assert(!origin_server_listen(server, "127.0.0.1", 70'000, &error));
  ck_assert_msg(strstr(error->message, "70000") != nullptr, "%s", error->message);
  g_clear_error(&error);
  ck_assert(!origin_server_remove_presentation(server, "nothing", &error));
  ck_assert(g_error_matches(error, ORIGIN_ERROR, ORIGIN_ERROR_NOT_FOUND));
  g_clear_error(&error);

  OriginPresentation* presentation = open_live(server, "show");
  ck_assert_ptr_null(open_live(server, "show", &error));
  ck_assert(g_error_matches(error, ORIGIN_ERROR, ORIGIN_ERROR_EXISTS));
  g_clear_error(&error);
  g_object_unref(presentation);

  origin_server_stop(server);
  ck_assert_ptr_null(open_live(server, "late", &error));
  ck_assert(g_error_matches(error, ORIGIN_ERROR, ORIGIN_ERROR_ENDED));
  ck_assert_msg(strstr(error->message, "stopped") != nullptr, "%s", error->message);
  g_clear_error(&error);
  g_object_unref(server);
}
END_TEST

START_TEST(test_language_is_a_language_tag_or_left_out) {
  OriginServer* server = origin_server_new();
  OriginPresentation* presentation = open_live(server, "show");
  OriginTrack* track = origin_presentation_add_track(presentation, "audio_0", nullptr);
  std::vector<std::string> warnings;
  g_signal_connect(presentation, "warning",
                   G_CALLBACK(+[](OriginPresentation*, const char* message, const char*, gpointer into) {
                     static_cast<std::vector<std::string>*>(into)->push_back(message);
                   }),
                   &warnings);
  for (const char* tag : {"en", "deu", "pt-BR", "zh-Hant-TW", "sl-rozaj-biske-1994", "en-a-bbb"}) {
    origin_track_set_language(track, tag);
    ck_assert_msg(warnings.empty(), "%s", tag);
  }
  for (const char* tag :
       {"e", "en-", "-en", "en--GB", "12", "e1", "unreasonably", "en\" ,X=\"1", "en_GB", "\xc3\xa4"}) {
    origin_track_set_language(track, tag);
    ck_assert_uint_eq(warnings.size(), 1);
    ck_assert_msg(warnings[0].find(tag) != std::string::npos, "%s", warnings[0].c_str());
    warnings.clear();
  }
  g_object_unref(track);
  g_object_unref(presentation);
  g_object_unref(server);
}
END_TEST

START_TEST(test_wall_clock_is_settled_with_the_first_format) {
  OriginServer* server = origin_server_new();
  OriginPresentation* presentation = open_live(server, "show");
  const gint64 segment = 2 * G_GINT64_CONSTANT(1'000'000'000);
  ck_assert(origin_presentation_set_wall_clock(presentation, FALSE));
  origin_presentation_set_anchor(presentation, segment + 1);
  ck_assert_int_eq(origin_presentation_get_offset(presentation, nullptr, 0), 0);
  ck_assert_int_eq(origin_presentation_get_next_boundary(presentation, nullptr, 0), segment);
  ck_assert(origin_presentation_set_wall_clock(presentation, TRUE));
  origin_presentation_set_anchor(presentation, segment + 1);
  ck_assert_int_eq(origin_presentation_get_offset(presentation, nullptr, 0), segment + 1);
  ck_assert_int_eq(origin_presentation_get_next_boundary(presentation, nullptr, segment + 1), 2 * segment);
  OriginTrack* track = origin_presentation_add_track(presentation, "video_0", nullptr);
  ck_assert(origin_presentation_set_wall_clock(presentation, FALSE));
  ck_assert(origin_presentation_set_wall_clock(presentation, TRUE));
  const OriginFormat format = {.codec = ORIGIN_CODEC_AAC, .sample_rate = 48000, .channels = 2};
  ck_assert(origin_track_set_format(track, &format, nullptr));
  ck_assert(origin_presentation_set_wall_clock(presentation, TRUE));
  ck_assert(!origin_presentation_set_wall_clock(presentation, FALSE));
  g_object_unref(track);
  g_object_unref(presentation);
  g_object_unref(server);
}
END_TEST

START_TEST(test_statistics_are_there) {
  OriginServer* server = origin_server_new_with_memory_limit(5 << 20);
  GVariant* statistics = origin_server_get_statistics(server);
  guint64 limit = 0;
  ck_assert(g_variant_lookup(statistics, "memory-limit", "t", &limit));
  ck_assert_uint_eq(limit, 5 << 20);
  g_variant_unref(statistics);
  g_object_unref(server);
}
END_TEST

int main() {
  const Test tests[] = {
      test_last_reference_may_go_in_a_signal_of_the_origins_own_thread,
      test_callers_with_one_address_share_a_server_that_runs,
      test_errors_name_the_value,
      test_language_is_a_language_tag_or_left_out,
      test_wall_clock_is_settled_with_the_first_format,
      test_statistics_are_there,
  };
  return run_tests("api", tests);
}
