#include "runtime/files.hpp"

#include <sys/stat.h>

#include "runtime/log.hpp"
#include "temporary_directory.hpp"

namespace cpns::runtime::test {
namespace {

template <class T>
Code code_of(const Result<T>& result) {
  EXPECT_FALSE(result.ok());
  return result.ok() ? Code::tls_misused : result.error().code;
}

TEST(Files, when_a_file_is_written_then_content_and_mode_are_as_asked) {
  const TemporaryDirectory directory;
  const auto file = directory.path() / "key";
  ASSERT_TRUE(write_file_atomically(file, as_bytes("one"), 0600).ok());
  ASSERT_TRUE(write_file_atomically(file, as_bytes("two, longer"), 0640).ok());
  EXPECT_EQ(content_of(file), "two, longer");
  EXPECT_EQ(file_mode(file).value(), 0640U);
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(directory.path()), {}), 1);  // nothing left beside it
}

TEST(Files, when_a_file_can_not_be_written_then_the_old_one_stays) {
  const TemporaryDirectory directory;
  EXPECT_EQ(code_of(write_file_atomically(directory.path() / "missing" / "key", as_bytes("x"), 0600)),
            Code::file_not_written);
  const auto folder = directory.path() / "folder";
  std::filesystem::create_directory(folder);
  EXPECT_EQ(code_of(write_file_atomically(folder, as_bytes("x"), 0600)), Code::file_not_written);
  EXPECT_TRUE(std::filesystem::is_directory(folder));
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(directory.path()), {}), 1);
}

TEST(Files, when_a_file_is_too_large_missing_or_no_file_then_reading_fails) {
  const TemporaryDirectory directory;
  const auto file = directory.write("file", "12345");
  EXPECT_EQ(as_text(read_file(file, 5).value()), "12345");
  EXPECT_EQ(code_of(read_file(file, 4)), Code::file_not_read);
  EXPECT_EQ(code_of(read_file(directory.path() / "missing", 5)), Code::file_not_read);
  EXPECT_EQ(code_of(read_file(directory.path(), 5)), Code::file_not_read);
  ASSERT_EQ(::mkfifo((directory.path() / "pipe").c_str(), 0600), 0);
  EXPECT_EQ(code_of(read_file(directory.path() / "pipe", 5)), Code::file_not_read);
}

TEST(Files, when_others_may_read_a_secret_then_it_is_refused) {
  const TemporaryDirectory directory;
  EXPECT_EQ(as_text(read_secret_file(directory.write("good", "secret", 0600), 100).value().view()), "secret");
  EXPECT_TRUE(read_secret_file(directory.write("readonly", "secret", 0400), 100).ok());
  for (const unsigned mode : {0640U, 0604U, 0620U, 0602U}) {
    EXPECT_EQ(code_of(read_secret_file(directory.write("open" + std::to_string(mode), "secret", mode), 100)),
              Code::secret_file_open_to_others);
  }
}

TEST(Files, when_a_directory_is_made_then_it_is_private) {
  const TemporaryDirectory directory;
  const auto made = directory.path() / "state";
  ASSERT_TRUE(make_private_directory(made).ok());
  EXPECT_EQ(file_mode(made).value(), 0700U);
  EXPECT_TRUE(make_private_directory(made).ok());
  std::filesystem::permissions(made, std::filesystem::perms(0750));
  EXPECT_EQ(code_of(make_private_directory(made)), Code::directory_not_private);
  EXPECT_EQ(code_of(make_private_directory(directory.path() / "a" / "b")), Code::file_not_written);
  EXPECT_EQ(code_of(make_private_directory(directory.write("file", ""))), Code::file_not_written);
}

TEST(Files, when_a_path_is_relative_then_it_starts_at_the_base) {
  EXPECT_EQ(resolve_path("/etc/cpns", "keys/master"), "/etc/cpns/keys/master");
  EXPECT_EQ(resolve_path("/etc/cpns", "/var/key"), "/var/key");
}

TEST(Log, when_a_level_is_set_then_lower_lines_are_left_out) {
  const TemporaryDirectory directory;
  const auto file = directory.path() / "log";
  Log log({.program = "cpns-test", .format = LogFormat::Json, .level = Level::Warning, .file = file.string()});
  log.event(Code::listener_started, {{"address", "x"}});
  log.event(Code::accept_paused, {{"listener", "direct"}});
  log.error({Code::config_not_toml, "line\n2"});
  const auto content = content_of(file);
  EXPECT_EQ(content.find("E406"), std::string::npos);
  EXPECT_NE(content.find("\"code\":\"T407\""), std::string::npos);
  EXPECT_NE(content.find("\"got\":\"line\\u000a2\""), std::string::npos);
  EXPECT_EQ(std::count(content.begin(), content.end(), '\n'), 2);
}

TEST(Log, when_the_file_is_unusable_then_the_program_still_logs) {
  testing::internal::CaptureStderr();
  {
    Log log({.program = "cpns-test", .file = "/dev/null/log"});
    log.event(Code::listener_started);
  }
  const auto output = testing::internal::GetCapturedStderr();
  EXPECT_NE(output.find("L432"), std::string::npos);
  EXPECT_NE(output.find("E406"), std::string::npos);
}

}  // namespace
}  // namespace cpns::runtime::test
