// SPDX-License-Identifier: LGPL-2.1-or-later
// Who is woken by what: the list of held requests without sockets.
#include <thread>

#include "origin/http/hold_list.hpp"
#include "tests/check_main.hpp"

using namespace origin;
using http::Hold;
using http::HoldList;

namespace {

struct ListFixture {
  ListFixture()
      : context(Ref<GMainContext>::adopt(g_main_context_new())), list(context.get(), shared, ledger) {}

  // Waits for `position`, then notes `label`; or for `next` first, if there is one.
  HoldList::Waiter& wait(const store::TopicRef& topic, store::Position position, std::string label,
                         std::optional<Hold> next = {}) {
    auto waiter = std::make_unique<Waiter>(*this, std::move(label), std::move(next));
    Waiter& waiting = *waiter;
    list.add({topic, position, topic->options().hold_limit}, std::move(waiter));
    return waiting;
  }
  void publish(const store::TopicRef& topic, store::Position position,
               std::optional<store::Ahead> ahead = store::Ahead()) {
    const auto render = [](uint8_t) { return std::make_shared<const store::Object>(); };
    topic->publish(std::make_shared<const store::Message>(position, render, nullptr, std::move(ahead)));
    turn();
  }
  void turn() {
    while (g_main_context_iteration(context.get(), FALSE)) {
    }
  }
  // What has been noted since the last call.
  std::string take_log() { return std::exchange(log, {}); }

  struct Waiter final : HoldList::Waiter {
    Waiter(ListFixture& fixture, std::string label, std::optional<Hold> next)
        : fixture(fixture), label(std::move(label)), next(std::move(next)) {}
    std::optional<Hold> look_again() override {
      if (next) return std::exchange(next, std::nullopt);
      fixture.log += label;
      return std::nullopt;
    }
    // By its label, "x…" is not.
    bool is_still_admitted() const override { return !label.starts_with('x'); }
    void give_up(std::string_view, bool) override { fixture.log += label + "!"; }

    ListFixture& fixture;
    std::string label;
    std::optional<Hold> next;
  };

  std::string log;
  store::Store store{{}, Clock::system()};
  http::Shared shared{store, {}};
  http::Ledger ledger{shared};
  Ref<GMainContext> context;
  HoldList list;
};

START_TEST(test_who_is_not_admitted_any_more_is_given_up) {
  ListFixture held;
  const auto topic = held.store.create_topic("live/v/index.m3u8", {});
  for (const char* label : {"a", "x1", "b", "x2"}) held.wait(topic, {1, 0}, label);
  held.wait(topic, {2, 0}, "x3");
  held.list.give_up_refused();
  ck_assert_str_eq(held.log.c_str(), "x1!x2!x3!");
  held.list.give_up_all();
  ck_assert_str_eq(held.log.c_str(), "x1!x2!x3!a!b!");
}
END_TEST

START_TEST(test_message_wakes_those_it_is_enough_for) {
  ListFixture held;
  const auto topic = held.store.create_topic("live/v/index.m3u8", {});
  held.wait(topic, {1, 2}, "c");
  held.wait(topic, {1, 0}, "a");
  held.wait(topic, Hold::kSeal, "z");
  held.wait(topic, {2, 0}, "d");
  held.wait(topic, {1, 1}, "b");
  held.publish(topic, {1, 1});
  ck_assert(held.take_log() == "ab");
  held.publish(topic, {3, 0});
  ck_assert(held.take_log() == "cd");
  ck_assert_uint_eq(held.shared.held, 1);
  topic->seal();
  held.turn();
  ck_assert(held.take_log() == "z");
  ck_assert_uint_eq(held.shared.held, 0);
}
END_TEST

START_TEST(test_what_is_there_already_is_not_waited_for) {
  ListFixture held;
  const auto topic = held.store.create_topic("live/v/index.m3u8", {});
  held.publish(topic, {5, 0});
  held.wait(topic, {4, 3}, "a");
  ck_assert(held.take_log() == "a");
}
END_TEST

START_TEST(test_last_version_answers_all_who_wait_for_a_later_one) {
  ListFixture held;
  const auto topic = held.store.create_topic("live/v/index.m3u8", {});
  held.publish(topic, {1, 0});
  held.wait(topic, {2, 0}, "a");
  held.wait(topic, {1, 5}, "b");
  held.publish(topic, {1, 0, 1}, std::nullopt);
  ck_assert(held.take_log() == "ba");
}
END_TEST

START_TEST(test_topics_do_not_wake_each_other) {
  ListFixture held;
  const auto video = held.store.create_topic("live/v/index.m3u8", {});
  const auto audio = held.store.create_topic("live/a/index.m3u8", {});
  held.wait(video, {1, 0}, "v");
  held.wait(audio, {1, 0}, "a");
  held.publish(audio, {1, 0});
  ck_assert(held.take_log() == "a");
  held.publish(video, {1, 0});
  ck_assert(held.take_log() == "v");
}
END_TEST

START_TEST(test_waiter_may_wait_on_for_something_else) {
  ListFixture held;
  const auto first = held.store.create_topic("live/v/1", {});
  const auto second = held.store.create_topic("live/v/2", {});
  held.wait(first, {1, 0}, "a", Hold{second, {1, 0}, 1h});
  held.publish(first, {1, 0});
  ck_assert(held.take_log().empty());
  ck_assert_uint_eq(held.shared.held, 1);
  held.publish(second, {1, 0});
  ck_assert(held.take_log() == "a");
}
END_TEST

START_TEST(test_dropped_waiter_is_forgotten) {
  ListFixture held;
  const auto topic = held.store.create_topic("live/v/index.m3u8", {});
  held.wait(topic, {1, 0}, "before");
  HoldList::Waiter& gone = held.wait(topic, {1, 0}, "gone");
  HoldList::Waiter& alone = held.wait(topic, {2, 0}, "alone");
  held.wait(topic, {1, 0}, "after");
  held.list.drop(gone);
  held.list.drop(alone);
  ck_assert_uint_eq(held.shared.held, 2);
  held.publish(topic, {2, 0});
  ck_assert(held.take_log() == "beforeafter");
  ck_assert_uint_eq(held.shared.held, 0);
}
END_TEST

START_TEST(test_deadline_of_the_first_wait_counts) {
  ListFixture held;
  const auto first = held.store.create_topic("live/v/1", {.hold_limit = 50ms});
  const auto second = held.store.create_topic("live/v/2", {.hold_limit = 1h});
  const auto endless = held.store.create_topic("live/v/3", {.hold_limit = Duration::max()});
  held.wait(first, {1, 0}, "a", Hold{second, {1, 0}, 1h});
  held.wait(endless, {1, 0}, "z");
  held.publish(first, {1, 0});
  while (held.log.empty()) g_main_context_iteration(held.context.get(), TRUE);
  ck_assert(held.take_log() == "a!");
  ck_assert_uint_eq(held.shared.held, 1);
}
END_TEST

START_TEST(test_thousands_are_answered_in_turns_and_in_order) {
  ListFixture held;
  const auto crowded = held.store.create_topic("live/v/index.m3u8", {});
  const auto other = held.store.create_topic("live/a/index.m3u8", {});
  constexpr size_t kWaiters = 5000;
  for (size_t i = 0; i < kWaiters; ++i) held.wait(crowded, {1, 0}, i % 2 ? "1" : "0");
  held.wait(other, {1, 0}, "a");
  const auto message = [](store::Position position) {
    return std::make_shared<const store::Message>(position, std::make_shared<const store::Object>());
  };
  crowded->publish(message({1, 0}));
  other->publish(message({1, 0}));
  g_main_context_iteration(held.context.get(), FALSE);
  // Neither did all of the crowd go first, nor was anybody of it forgotten.
  ck_assert(held.log.find('a') != std::string::npos);
  ck_assert_uint_lt(held.log.size(), kWaiters);
  held.turn();
  ck_assert_uint_eq(std::erase(held.log, 'a'), 1);
  ck_assert_uint_eq(held.log.size(), kWaiters);
  for (size_t i = 0; i < kWaiters; ++i) ck_assert_int_eq(held.log[i], i % 2 ? '1' : '0');
}
END_TEST

START_TEST(test_publishing_while_the_list_goes_is_harmless) {
  store::Store store({}, Clock::system());
  const auto topic = store.create_topic("live/v/index.m3u8", {});
  std::atomic<bool> done{false};
  std::thread publisher([&] {
    for (uint64_t i = 1; !done; ++i) {
      topic->publish(std::make_shared<const store::Message>(store::Position{i, 0},
                                                            std::make_shared<const store::Object>()));
    }
  });
  for (int round = 0; round < 200; ++round) {
    ListFixture held;
    for (int i = 0; i < 5; ++i) held.wait(topic, Hold::kSeal, "z");
    held.turn();
  }
  done = true;
  publisher.join();
}
END_TEST

}  // namespace

int main() {
  const Test tests[] = {
      test_who_is_not_admitted_any_more_is_given_up,
      test_message_wakes_those_it_is_enough_for,
      test_what_is_there_already_is_not_waited_for,
      test_last_version_answers_all_who_wait_for_a_later_one,
      test_topics_do_not_wake_each_other,
      test_waiter_may_wait_on_for_something_else,
      test_dropped_waiter_is_forgotten,
      test_deadline_of_the_first_wait_counts,
      test_thousands_are_answered_in_turns_and_in_order,
      test_publishing_while_the_list_goes_is_harmless,
  };
  return run_tests("http hold list", tests);
}
