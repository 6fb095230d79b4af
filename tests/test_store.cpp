// SPDX-License-Identifier: LGPL-2.1-or-later
#include "origin/store/store.hpp"

#include <atomic>
#include <thread>

#include "tests/check_main.hpp"
#include "tests/manual_clock.hpp"

using namespace origin;
using namespace origin::store;

namespace {

struct Fixture {
  explicit Fixture(uint64_t limit = 1 << 20) : store({.memory_limit = limit}, clock) {}

  Object object(size_t size) {
    return {.body = {*store.admit(Bytes::take(std::string(size, 'x')))}, .headers = {}};
  }
  bool holds(std::string_view name) const { return std::holds_alternative<ObjectRef>(store.find(name)); }

  ManualClock clock;
  Store store;
};

class CountingWatcher final : public Watcher {
 public:
  void topic_changed(const TopicRef&) override { ++calls; }
  std::atomic<int> calls{0};
};

class Echo final : public Resolver {
 public:
  ObjectRef resolve(std::string_view name, std::string_view query) override {
    if (name != "api/echo") return nullptr;
    return make_object({Bytes::copy_of(query)}, {});
  }
};

}  // namespace

START_TEST(test_what_is_put_is_found_and_counted) {
  Fixture f;
  f.store.put("a/b", f.object(1000));
  ck_assert_uint_eq(std::get<ObjectRef>(f.store.find("a/b"))->size, 1000);
  // With what the object itself takes.
  ck_assert_uint_gt(f.store.stats().used_bytes, 1000 + sizeof(Object));
  ck_assert(f.store.remove("a/b"));
  ck_assert(!f.store.remove("a/b"));
  ck_assert_uint_eq(f.store.stats().used_bytes, 0);
  ck_assert_uint_eq(f.store.stats().objects, 0);
}
END_TEST

START_TEST(test_bytes_count_until_the_last_reader_lets_go) {
  Fixture f(10'000);
  f.store.put("a", f.object(6000));
  ObjectRef reader = std::get<ObjectRef>(f.store.find("a"));
  f.store.remove("a");
  ck_assert_uint_gt(f.store.stats().used_bytes, 6000);
  ck_assert(!f.store.admit(Bytes::take(std::string(6000, 'x'))));
  reader.reset();
  ck_assert_uint_eq(f.store.stats().used_bytes, 0);
  ck_assert(f.store.admit(Bytes::take(std::string(6000, 'x'))).ok());
}
END_TEST

START_TEST(test_slices_of_a_counted_body_keep_it_counted) {
  Fixture f;
  Bytes slice = f.store.admit(Bytes::take(std::string(1000, 'x')))->slice(10, 20);
  ck_assert_uint_eq(f.store.stats().used_bytes, 1000);
  slice = {};
  ck_assert_uint_eq(f.store.stats().used_bytes, 0);
}
END_TEST

START_TEST(test_memory_is_made_by_what_expires_first_and_never_from_pinned) {
  Fixture f(100'000);
  f.store.put("pinned", f.object(20'000), {.pinned = true, .ttl = {}});
  f.store.put("never", f.object(20'000));
  f.store.put("late", f.object(20'000), {.pinned = false, .ttl = 60s});
  f.store.put("soon", f.object(20'000), {.pinned = false, .ttl = 10s});
  f.store.put("a", f.object(30'000));
  ck_assert(!f.holds("soon"));
  ck_assert(f.holds("late") && f.holds("never") && f.holds("pinned"));
  f.store.put("b", f.object(75'000));
  ck_assert(f.holds("pinned"));
  ck_assert(!f.holds("late") && !f.holds("never") && !f.holds("a"));
  const Result<Bytes> refused = f.store.admit(Bytes::take(std::string(80'001, 'x')));
  ck_assert(!refused && refused.error().code == ErrorCode::kLimit);
  ck_assert_msg(refused.error().message.find("100000") != std::string::npos, "%s",
                refused.error().message.c_str());
}
END_TEST

START_TEST(test_shortages_are_counted_before_anything_is_refused) {
  Fixture f(100'000);
  f.store.put("a", f.object(50'000));
  // What can go goes before the last sixteenth is needed.
  f.store.put("b", f.object(45'000));
  ck_assert(!f.holds("a"));
  ck_assert_uint_eq(f.store.stats().evicted, 1);
  ck_assert_uint_eq(f.store.shortages(), 0);
  // A reader keeps what is evicted for it.
  const ObjectRef reader = std::get<ObjectRef>(f.store.find("b"));
  const Result<Bytes> tight = f.store.admit(Bytes::take(std::string(50'000, 'x')));
  ck_assert(tight.ok());
  ck_assert_uint_eq(f.store.shortages(), 1);
  ck_assert(!f.store.admit(Bytes::take(std::string(50'000, 'x'))));
  ck_assert_uint_eq(f.store.stats().shortages, 2);
}
END_TEST

START_TEST(test_budget_is_kept_by_many_threads) {
  Fixture f(1'000'000);
  std::atomic<bool> broken{false};
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 2000; ++i) {
        const Result<Bytes> admitted = f.store.admit(Bytes::take(std::string(1000 + i, 'x')));
        if (admitted) {
          f.store.put(std::to_string(t) + "/" + std::to_string(i % 50), {.body = {*admitted}, .headers = {}});
        }
        if (f.store.budget()->peak() > 1'000'000) broken = true;
        f.store.find("1/7");
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  ck_assert(!broken);
  f.store.remove_prefix("");
  ck_assert_uint_eq(f.store.stats().used_bytes, 0);
}
END_TEST

START_TEST(test_ttl_runs_out) {
  Fixture f;
  f.store.put("a", f.object(10), {.pinned = false, .ttl = 5s});
  f.store.put("b", f.object(10), {.pinned = true, .ttl = {}});
  ck_assert(f.store.expire_after("b", 8s));
  ck_assert(!f.store.expire_after("nothing", 8s));
  f.clock.advance(5s);
  f.store.expire_due();
  ck_assert(!f.holds("a") && f.holds("b"));
  f.clock.advance(3s);
  f.store.expire_due();
  ck_assert(!f.holds("b"));
  ck_assert_uint_eq(f.store.stats().expired, 2);
}
END_TEST

START_TEST(test_replacing_forgets_the_old_expiry) {
  Fixture f;
  f.store.put("a", f.object(10), {.pinned = false, .ttl = 5s});
  f.store.put("a", f.object(20), {.pinned = true, .ttl = {}});
  f.clock.advance(10s);
  f.store.expire_due();
  ck_assert(f.holds("a"));
}
END_TEST

START_TEST(test_sealing_puts_the_object_in_the_topics_place) {
  Fixture f;
  const TopicRef topic = f.store.create_topic("seg", {});
  const auto watcher = std::make_shared<CountingWatcher>();
  ck_assert(topic->watch(watcher, topic->changes()));
  f.store.seal_into(topic, f.object(100), {.pinned = true, .ttl = {}});
  ck_assert_int_eq(watcher->calls, 1);
  ck_assert(topic->sealed());
  ck_assert(f.holds("seg"));
  ck_assert_uint_eq(f.store.stats().topics, 0);
}
END_TEST

// A publication that comes late, as threads race.
START_TEST(test_a_topic_that_is_sealed_takes_no_name) {
  Fixture f;
  const TopicRef topic = std::make_shared<Topic>("live/part", TopicOptions{});
  f.store.seal_into(topic, f.object(10));
  f.store.put_topic(topic);
  ck_assert(f.holds("live/part"));
}
END_TEST

START_TEST(test_removing_a_topic_wakes_its_readers) {
  Fixture f;
  const TopicRef topic = f.store.create_topic("p/index.m3u8", {});
  const auto watcher = std::make_shared<CountingWatcher>();
  topic->watch(watcher, topic->changes());
  f.store.put("p/object", f.object(10));
  f.store.put("q/object", f.object(10));
  ck_assert_uint_eq(f.store.remove_prefix("p/"), 2);
  ck_assert_int_eq(watcher->calls, 1);
  ck_assert(f.holds("q/object"));
}
END_TEST

START_TEST(test_replacing_a_topic_wakes_its_readers) {
  Fixture f;
  const auto watcher = std::make_shared<CountingWatcher>();
  const TopicRef first = f.store.create_topic("t", {});
  first->watch(watcher, first->changes());
  const TopicRef second = f.store.create_topic("t", {});
  ck_assert_int_eq(watcher->calls, 1);
  second->watch(watcher, second->changes());
  f.store.put("t", f.object(10));
  ck_assert_int_eq(watcher->calls, 2);
  ck_assert_uint_eq(f.store.stats().topics, 0);
  ck_assert_uint_eq(f.store.stats().objects, 1);
}
END_TEST

START_TEST(test_resolvers_are_asked) {
  Fixture f;
  f.store.add_resolver(std::make_shared<Echo>());
  ck_assert(flatten(f.store.resolve("api/echo", "a=1")->body) == "a=1");
  ck_assert_ptr_null(f.store.resolve("api/other", "").get());
}
END_TEST

int main() {
  const Test tests[] = {
      test_what_is_put_is_found_and_counted,
      test_bytes_count_until_the_last_reader_lets_go,
      test_slices_of_a_counted_body_keep_it_counted,
      test_memory_is_made_by_what_expires_first_and_never_from_pinned,
      test_shortages_are_counted_before_anything_is_refused,
      test_budget_is_kept_by_many_threads,
      test_ttl_runs_out,
      test_replacing_forgets_the_old_expiry,
      test_sealing_puts_the_object_in_the_topics_place,
      test_a_topic_that_is_sealed_takes_no_name,
      test_removing_a_topic_wakes_its_readers,
      test_replacing_a_topic_wakes_its_readers,
      test_resolvers_are_asked,
  };
  return run_tests("store", tests);
}
