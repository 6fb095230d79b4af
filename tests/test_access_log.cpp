// SPDX-License-Identifier: LGPL-2.1-or-later
#include "origin/http/access_log.hpp"

#include <fcntl.h>
#include <glib/gstdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <fstream>
#include <sstream>

#include "tests/check_main.hpp"

using namespace origin;
using http::AccessEntry;
using http::AccessLog;

namespace {

class Folder {
 public:
  Folder() : path_(g_dir_make_tmp("access-log-XXXXXX", nullptr)) {}
  ~Folder() {
    for (const char* name : {"log", "old"}) g_unlink(file(name).c_str());
    g_rmdir(path_);
    g_free(path_);
  }
  std::string file(const char* name) const { return std::string(path_) + "/" + name; }

 private:
  char* path_;
};

std::string contents(const std::string& path) {
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

size_t lines_in(const std::string& path) {
  const std::string text = contents(path);
  return static_cast<size_t>(std::ranges::count(text, '\n'));
}

std::unique_ptr<AccessLog> open_log(const std::string& path, uint32_t max_waiting = 1000) {
  auto log = AccessLog::open(path, max_waiting);
  ck_assert_msg(log.ok(), "%s", log.ok() ? "" : log.error().message.c_str());
  return std::move(*log);
}

}  // namespace

START_TEST(test_a_line) {
  AccessEntry entry;
  entry.time = UtcTime(1'700'000'000s);
  entry.id = "0193554a-63d2-7cc3-98c4-dc0c0c07398f";
  entry.address = "127.0.0.1";
  entry.method = "GET";
  entry.path = "/live/a\xff\"\n";
  entry.query = "_HLS_msn=3";
  entry.key = "studio";
  entry.user_agent = "player";
  entry.cmcd = "br=3200,bs";
  entry.status = 200;
  entry.result = "hit";
  entry.bytes_sent = 1234;
  entry.duration = 1500us;
  entry.complete = true;
  const std::string line = format_entry(entry);
  ck_assert_str_eq(
      line.c_str(),
      "{\"time\":\"2023-11-14T22:13:20.000Z\",\"id\":\"0193554a-63d2-7cc3-98c4-dc0c0c07398f\","
      "\"address\":\"127.0.0.1\",\"forwarded_for\":\"\",\"key\":\"studio\",\"method\":\"GET\","
      "\"path\":\"/live/a\xef\xbf\xbd\\\"\\n\",\"query\":\"_HLS_msn=3\",\"status\":200,\"result\":\"hit\","
      "\"bytes_received\":0,\"bytes_sent\":1234,\"duration_us\":1500,\"held\":false,\"complete\":true,"
      "\"user_agent\":\"player\",\"cmcd\":{\"br\":3200,\"bs\":true}}\n");
}
END_TEST

START_TEST(test_no_token_is_in_it) {
  transport::RequestHead head;
  head.method = "GET";
  head.path = "/live/index.m3u8";
  head.query = "a=1&token=secret&b=2&token&tokens=3";
  const AccessEntry entry = http::describe_request(head);
  ck_assert_str_eq(entry.query.c_str(), "a=1&b=2&tokens=3");
  ck_assert(format_entry(entry).find("secret") == std::string::npos);
  for (const auto& [path, query] : {std::pair("/_token/secret", ""),
                                    {"/%5Ftoken/secret/live/a", ""},
                                    {"/_token/a/_token/secret/b", ""},
                                    {"/_token/secret/", "%74oken=secret"},
                                    {"/a", "CMCD=nor%3D%22..%252F2.m4s%253Ftoken%253Dsecret%22"},
                                    {"/a", "CMCD=nor%3D%222.m4s%3Ftoken%3Dsecret%22"}}) {
    head.path = path;
    head.query = query;
    const std::string line = format_entry(http::describe_request(head));
    ck_assert_msg(line.find("secret") == std::string::npos, "%s", line.c_str());
  }
}
END_TEST

START_TEST(test_paths_keep_the_rest) {
  transport::RequestHead head;
  for (const auto& [path, expected] : {std::pair("/_token/x/live/a%20b", "/live/a%20b"),
                                       {"/live/", "/live/"},
                                       {"/", "/"},
                                       {"/a//b", "/a//b"},
                                       {"", ""}}) {
    head.path = path;
    const AccessEntry entry = http::describe_request(head);
    ck_assert_str_eq(entry.path.c_str(), expected);
  }
}
END_TEST

START_TEST(test_all_lines_are_written) {
  const Folder folder;
  {
    const auto log = open_log(folder.file("log"), 1'000'000);
    std::vector<std::thread> threads;
    for (int i = 0; i < 4; ++i) {
      threads.emplace_back([&] {
        for (int line = 0; line < 500; ++line) log->write({});
      });
    }
    for (std::thread& thread : threads) thread.join();
    ck_assert_uint_eq(log->dropped(), 0);
  }
  ck_assert_uint_eq(lines_in(folder.file("log")), 2000);
}
END_TEST

START_TEST(test_a_file_that_was_renamed_gets_no_more) {
  const Folder folder;
  {
    const auto log = open_log(folder.file("log"));
    log->write({});
    while (lines_in(folder.file("log")) < 1) g_usleep(1000);
    ck_assert_int_eq(g_rename(folder.file("log").c_str(), folder.file("old").c_str()), 0);
    log->reopen();
    while (access(folder.file("log").c_str(), F_OK) != 0) g_usleep(1000);
    log->write({});
    log->write({});
  }
  ck_assert_uint_eq(lines_in(folder.file("old")), 1);
  ck_assert_uint_eq(lines_in(folder.file("log")), 2);
}
END_TEST

START_TEST(test_a_disk_that_is_full_costs_lines_and_nothing_else) {
  const auto log = open_log("/dev/full");
  for (int i = 0; i < 10; ++i) log->write({});
  while (log->dropped() < 10) g_usleep(1000);
}
END_TEST

START_TEST(test_a_reader_that_is_slow_costs_lines_and_nothing_else) {
  const Folder folder;
  ck_assert_int_eq(mkfifo(folder.file("log").c_str(), 0600), 0);
  // Keeps it open, so that opening it does not wait; reads nothing.
  const int reader = open(folder.file("log").c_str(), O_RDWR | O_NONBLOCK);
  ck_assert_int_ge(reader, 0);
  auto log = open_log(folder.file("log"), 100);
  for (int i = 0; i < 10'000; ++i) log->write({});
  ck_assert_uint_gt(log->dropped(), 0);
  // It may be read again.
  std::atomic<bool> closed = false;
  std::thread drain([&] {
    char buffer[4096];
    while (!closed) {
      if (read(reader, buffer, sizeof buffer) < 0) g_usleep(1000);
    }
  });
  log.reset();
  closed = true;
  drain.join();
  close(reader);
}
END_TEST

START_TEST(test_a_reader_that_reads_no_more_does_not_keep_it_from_ending) {
  const Folder folder;
  ck_assert_int_eq(mkfifo(folder.file("log").c_str(), 0600), 0);
  const int reader = open(folder.file("log").c_str(), O_RDWR | O_NONBLOCK);
  auto log = open_log(folder.file("log"));
  for (int i = 0; i < 1000; ++i) log->write({});
  log.reset();
  close(reader);
}
END_TEST

// Neither at the start nor when it is opened anew.
START_TEST(test_a_pipe_that_nobody_reads_is_not_waited_for) {
  const Folder folder;
  const std::string path = folder.file("log");
  ck_assert_int_eq(mkfifo(path.c_str(), 0600), 0);
  ck_assert(!AccessLog::open(path, 10).ok());
  int reader = open(path.c_str(), O_RDONLY | O_NONBLOCK);
  auto log = open_log(path);
  close(reader);
  log->reopen();
  log->write({});
  log.reset();
}
END_TEST

START_TEST(test_a_file_that_cannot_be) {
  const auto log = AccessLog::open("/nowhere/at-all", 10);
  ck_assert(!log.ok());
  ck_assert(log.error().message.find("'/nowhere/at-all'") != std::string::npos);
}
END_TEST

int main() {
  const Test tests[] = {test_a_line,
                        test_no_token_is_in_it,
                        test_paths_keep_the_rest,
                        test_all_lines_are_written,
                        test_a_file_that_was_renamed_gets_no_more,
                        test_a_disk_that_is_full_costs_lines_and_nothing_else,
                        test_a_reader_that_is_slow_costs_lines_and_nothing_else,
                        test_a_reader_that_reads_no_more_does_not_keep_it_from_ending,
                        test_a_pipe_that_nobody_reads_is_not_waited_for,
                        test_a_file_that_cannot_be};
  return run_tests("access_log", tests);
}
