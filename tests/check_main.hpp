// SPDX-License-Identifier: LGPL-2.1-or-later
// Runs a Check suite as a program: 0 if all tests passed. CK_FORK, CK_RUN_CASE and so on work as Check
// documents them.
#pragma once

#include <check.h>

// Check defines it for its oldest users; the standard library has members of that name.
#undef fail

inline int run_suite(Suite* suite) {
  SRunner* runner = srunner_create(suite);
  srunner_run_all(runner, CK_ENV);
  const int failed = srunner_ntests_failed(runner);
  srunner_free(runner);
  return failed == 0 ? 0 : 1;
}
