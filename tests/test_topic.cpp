// SPDX-License-Identifier: LGPL-2.1-or-later
#include "origin/store/topic.hpp"

#include <atomic>
#include <thread>

#include "tests/check_main.hpp"

using namespace origin;
using namespace origin::store;

namespace {

ObjectRef text(const std::string& content) {
  return make_object({Bytes::copy_of(content)}, {.etag = "\"1\""});
}

MessageRef message(Position position) {
  return std::make_shared<const Message>(position, text("x"));
}

TopicRef make(size_t keep) {
  TopicOptions options;
  options.keep = keep;
  return std::make_shared<Topic>("t", options);
}

class CountingWatcher final : public Watcher {
 public:
  void topic_changed(const TopicRef&) override { ++calls; }
  std::atomic<int> calls{0};
};

}  // namespace

START_TEST(test_newest_is_given_once_it_is_at_or_past_a_position) {
  const TopicRef topic = make(1);
  ck_assert_ptr_null(topic->newest().get());
  topic->publish(message({10, 2}));
  ck_assert_ptr_nonnull(topic->at_or_after({10, 2}).get());
  ck_assert_ptr_nonnull(topic->at_or_after({9, 100}).get());
  ck_assert_ptr_null(topic->at_or_after({10, 3}).get());
  ck_assert_ptr_null(topic->at_or_after({11, 0}).get());
}
END_TEST

START_TEST(test_an_older_message_that_comes_late_is_dropped) {
  const TopicRef topic = make(1);
  ck_assert(topic->publish(message({10, 2, 5})));
  ck_assert(!topic->publish(message({10, 2, 5})));
  ck_assert(!topic->publish(message({10, 1, 6})));
  ck_assert(topic->publish(message({10, 2, 6})));
}
END_TEST

START_TEST(test_read_from_gives_every_message_in_order) {
  const TopicRef topic = make(0);
  for (uint64_t i = 0; i < 100; ++i) topic->publish(message({i, 0}));
  const auto all = topic->read_from({37, 0}, 1000);
  ck_assert_uint_eq(all.size(), 63);
  for (size_t i = 0; i < all.size(); ++i) ck_assert_uint_eq(all[i]->position().major, 37 + i);
  ck_assert_uint_eq(topic->read_from({37, 0}, 5).size(), 5);
  ck_assert_uint_eq(topic->read_from({100, 0}, 5).size(), 0);
}
END_TEST

START_TEST(test_keep_bounds_the_messages) {
  const TopicRef topic = make(3);
  for (uint64_t i = 0; i < 100; ++i) topic->publish(message({i, 0}));
  ck_assert_uint_eq(topic->read_from({0, 0}, 1000).size(), 3);
}
END_TEST

START_TEST(test_watcher_is_told_once_for_each_time_it_asks) {
  const TopicRef topic = make(1);
  const auto watcher = std::make_shared<CountingWatcher>();
  ck_assert(topic->watch(watcher, topic->changes()));
  ck_assert(topic->watch(watcher, topic->changes()));
  topic->publish(message({1, 0}));
  topic->publish(message({2, 0}));
  ck_assert_int_eq(watcher->calls, 1);
  // It looked before the second message: it must look again.
  ck_assert(!topic->watch(watcher, 1));
  ck_assert(topic->watch(watcher, topic->changes()));
  topic->seal();
  ck_assert_int_eq(watcher->calls, 2);
  ck_assert(!topic->publish(message({3, 0})));
}
END_TEST

START_TEST(test_a_watcher_that_is_gone_is_forgotten) {
  const TopicRef topic = make(1);
  {
    const auto watcher = std::make_shared<CountingWatcher>();
    topic->watch(watcher, topic->changes());
  }
  ck_assert(topic->publish(message({1, 0})));
}
END_TEST

START_TEST(test_no_wake_up_is_lost_between_threads) {
  const TopicRef topic = make(1);
  const auto watcher = std::make_shared<CountingWatcher>();
  std::thread publisher([&] {
    for (uint64_t i = 1; i <= 20'000; ++i) topic->publish(message({i, 0}));
    topic->seal();
  });
  int told = 0;
  while (!topic->sealed()) {
    const uint64_t seen = topic->changes();
    if (topic->sealed() || !topic->watch(watcher, seen)) continue;
    while (watcher->calls.load() == told) std::this_thread::yield();
    ++told;
  }
  publisher.join();
  ck_assert_uint_eq(topic->changes(), 20'001);
}
END_TEST

START_TEST(test_a_form_is_rendered_once_for_all_readers) {
  std::atomic<int> renders{0};
  const Message shared({1, 0}, [&](uint8_t edition) -> ObjectRef {
    if (edition == 2) return nullptr;
    ++renders;
    return text(std::string(1000, static_cast<char>('a' + edition)));
  });
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 1000; ++i) {
        shared.form({.edition = 0, .gzip = i % 2 == 0});
        shared.form({.edition = 1, .gzip = false});
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  ck_assert_int_eq(renders, 2);
  // An edition that does not exist is the full one, in both codings.
  ck_assert_ptr_eq(shared.form({.edition = 2, .gzip = false}).get(), shared.form({}).get());
  ck_assert_ptr_eq(shared.form({.edition = 2, .gzip = true}).get(),
                   shared.form({.edition = 0, .gzip = true}).get());
}
END_TEST

START_TEST(test_gzip_is_what_it_says_with_a_validator_of_its_own) {
  const std::string plain(100'000, 'a');
  const Message sent({1, 0}, text(plain));
  const ObjectRef packed = sent.form({.edition = 0, .gzip = true});
  ck_assert_str_eq(packed->headers.etag.c_str(), "\"1-gzip\"");
  ck_assert_uint_lt(packed->size, 1000);

  const auto converter =
      Ref<GConverter>::adopt(G_CONVERTER(g_zlib_decompressor_new(G_ZLIB_COMPRESSOR_FORMAT_GZIP)));
  const std::string input = flatten(packed->body);
  std::string output(plain.size() + 10, '\0');
  gsize read = 0, written = 0;
  const GConverterResult result =
      g_converter_convert(converter.get(), input.data(), input.size(), output.data(), output.size(),
                          G_CONVERTER_INPUT_AT_END, &read, &written, nullptr);
  ck_assert_int_eq(result, G_CONVERTER_FINISHED);
  output.resize(written);
  ck_assert(output == plain);
}
END_TEST

int main() {
  const Test tests[] = {
      test_newest_is_given_once_it_is_at_or_past_a_position,
      test_an_older_message_that_comes_late_is_dropped,
      test_read_from_gives_every_message_in_order,
      test_keep_bounds_the_messages,
      test_watcher_is_told_once_for_each_time_it_asks,
      test_a_watcher_that_is_gone_is_forgotten,
      test_no_wake_up_is_lost_between_threads,
      test_a_form_is_rendered_once_for_all_readers,
      test_gzip_is_what_it_says_with_a_validator_of_its_own,
  };
  return run_tests("topic", tests);
}
