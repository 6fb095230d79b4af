// SPDX-License-Identifier: LGPL-2.1-or-later
// The main() of a test program on Check: 0 if all tests passed. CK_FORK, CK_RUN_CASE and so on work as Check
// documents them; each test is a case of its own name. Called on the main thread.
#pragma once

#include <check.h>

#include <cstdlib>
#include <span>

// Check defines it for its oldest users; the standard library has members of that name.
#undef fail

struct Test {
  Test(const TTest* function, int rounds = 1) : function(function), rounds(rounds) {}  // NOLINT: implicit

  const TTest* function;  // what START_TEST defines
  int rounds;             // with _i from 0 on
};

// Ends a test that hangs; generous, as sanitizers and busy machines are slow.
constexpr int kTestTimeout = 60;

// const Test tests[] = {test_one, test_another, {test_of_a_table, kRows}};
// return run_tests("window", tests);
inline int run_tests(const char* suite_name, std::span<const Test> tests,
                     int timeout_seconds = kTestTimeout) {
  Suite* suite = suite_create(suite_name);
  for (const Test& test : tests) {
    TCase* test_case = tcase_create(test.function->name);
    tcase_set_timeout(test_case, timeout_seconds);
    tcase_add_loop_test(test_case, test.function, 0, test.rounds);
    suite_add_tcase(suite, test_case);
  }
  SRunner* runner = srunner_create(suite);
  srunner_run_all(runner, CK_ENV);
  const int failed = srunner_ntests_failed(runner);
  srunner_free(runner);
  // A test that fails is left at once, with what it has: reports of leaks would bury its message.
  if (failed > 0) std::quick_exit(1);
  return 0;
}
