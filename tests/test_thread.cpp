// SPDX-License-Identifier: LGPL-2.1-or-later
#include "origin/base/thread.hpp"

#include <pthread.h>

#include <csignal>
#include <string>

#include "tests/check_main.hpp"

using namespace origin;

namespace {

bool blocks(int signal) {
  sigset_t mask;
  pthread_sigmask(SIG_SETMASK, nullptr, &mask);
  return sigismember(&mask, signal) == 1;
}

}  // namespace

START_TEST(test_signals_are_for_the_application) {
  bool hangup = false, end = false, fault = true, profiler = true;
  start_thread("some-name", [&] {
    hangup = blocks(SIGHUP);
    end = blocks(SIGTERM);
    fault = blocks(SIGSEGV);
    profiler = blocks(SIGPROF);
  }).join();
  ck_assert(hangup && end);
  ck_assert(!fault && !profiler);
  ck_assert(!blocks(SIGHUP) && !blocks(SIGTERM));
}
END_TEST

START_TEST(test_it_has_its_name) {
  char name[16] = {};
  start_thread("some-name", [&] { pthread_getname_np(pthread_self(), name, sizeof name); }).join();
  ck_assert_str_eq(name, "some-name");
}
END_TEST

int main() {
  const Test tests[] = {test_signals_are_for_the_application, test_it_has_its_name};
  return run_tests("thread", tests);
}
