#include "base/failure.hpp"
#include "terminal/child.hpp"
#include "terminal_forked.hpp"

#include <doctest/doctest.h>

#include <sys/stat.h>

#include <csignal>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <string>

using natskv::Failure;
using natskv::terminal::find_program;
using natskv::test::Forked;
using natskv::test::Pipe;

namespace {

// A folder with a file that may not be run, a script without #!, one whose interpreter is missing, and a
// folder that has a program's name.
struct Programs {
  Programs() {
    std::string name = "/tmp/natskv-unit-XXXXXX";
    folder = ::mkdtemp(name.data());
    write("plain", "echo hi\n", 0644);
    write("headless", "echo hi\n", 0755);
    write("orphan", "#!/nonexistent/interpreter\n", 0755);
    std::filesystem::create_directory(folder + "/folder");
  }
  ~Programs() { std::filesystem::remove_all(folder); }
  Programs(const Programs&) = delete;
  Programs& operator=(const Programs&) = delete;
  void write(const std::string& name, const char* text, mode_t mode) const {
    std::ofstream(folder + "/" + name) << text;
    ::chmod((folder + "/" + name).c_str(), mode);
  }
  std::string folder;
};

std::string failure_of(const std::function<void()>& work) {
  try {
    work();
  } catch (const Failure& failure) {
    return std::to_string(static_cast<int>(failure.exit())) + " " + failure.what();
  }
  return "none";
}

}  // namespace

TEST_CASE("A program is looked up before it is started: 127 where there is none, 126 where it can't be run") {
  const Programs programs;
  const std::string& folder = programs.folder;
  CHECK(find_program("sh").ends_with("/sh"));
  CHECK(find_program("/bin/sh") == "/bin/sh");
  CHECK(failure_of([] { find_program("/nonexistent/program"); }) ==
        "127 no such program: \"/nonexistent/program\"");
  CHECK(failure_of([] { find_program("natskv-no-such-program"); }) ==
        "127 no such program: \"natskv-no-such-program\"");
  CHECK(failure_of([] { find_program(""); }) == "127 no such program: \"\"");
  CHECK(failure_of([&] { find_program(folder); }) == "126 cannot execute \"" + folder + "\": Is a directory");
  CHECK(failure_of([&] { find_program(folder + "/plain"); }) ==
        "126 cannot execute \"" + folder + "/plain\": Permission denied");
}

TEST_CASE("In PATH a file that may not be run is passed over, and is the reason if there is no other") {
  const Programs programs;
  Forked process([&] {
    ::setenv("PATH", (programs.folder + ":/bin").c_str(), 1);
    const bool plain = failure_of([] { find_program("plain"); }).starts_with("126 ");
    const bool folder = failure_of([] { find_program("folder"); }).starts_with("127 ");
    programs.write("sh", "no program\n", 0644);
    return plain && folder && find_program("sh") == "/bin/sh" ? 0 : 1;
  });
  CHECK(process.status() == 0);
}

TEST_CASE("No shell runs what the kernel refuses") {
  const Programs programs;
  const auto start = [&](const char* name) {
    return failure_of([&] { natskv::terminal::start({.argv = {programs.folder + "/" + name}}); });
  };
  CHECK(start("headless").starts_with("126 "));
  CHECK(start("headless").ends_with("Exec format error"));
  CHECK(start("orphan").starts_with("126 "));
  CHECK(start("orphan").ends_with("its interpreter is missing"));
}

TEST_CASE("Arguments that are too large for the kernel are 126") {
  const std::string large(200'000, 'x');  // one word may have 128 KiB
  CHECK(failure_of([&] { natskv::terminal::start({.argv = {"true", large}}); }).starts_with("126 "));
}

TEST_CASE("A child with a death signal goes with the process that started it, however that ends") {
  Pipe alive;  // the grandchild holds its other end
  Forked process([&] {
    natskv::terminal::start(
        {.argv = {"sleep", "600"}, .alone = true, .death_signal = SIGKILL, .inherited = alive.ends[1]});
    alive.say();
    ::pause();
    return 0;
  });
  alive.hear();
  alive.close_write();
  process.signal(SIGKILL);
  CHECK(process.status() == 128 + SIGKILL);
  CHECK(alive.ends_within(20));
}

TEST_CASE("A process can become a program, with the environment it is given") {
  Forked process([] {
    ::setenv("NATSKV_TEST_OURS", "ours", 1);
    natskv::terminal::exec_child(
        {.argv = {"/bin/sh", "-c", "test \"${NATSKV_TEST_OURS-none},$A\" = none,b && exit 9"},
         .environment = {{"A", "b"}},
         .pristine = true});
    return 1;
  });
  CHECK(process.status() == 9);
}
