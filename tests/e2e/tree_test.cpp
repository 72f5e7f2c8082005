// ctest: long
// Folders of keys under bad conditions: git, races, other kinds of files, a full disk.
#include "support/client.hpp"
#include "support/eventually.hpp"
#include "support/process.hpp"
#include "support/server.hpp"
#include "support/tcp.hpp"
#include "support/text.hpp"

#include <doctest/doctest.h>

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <filesystem>
#include <random>
#include <string>
#include <thread>
#include <vector>

using namespace natskv::test;
namespace fs = std::filesystem;

namespace {

struct World {
  Server server;
  Client client{server.url()};
  TempDir folder;
  World() { client.add_bucket("b"); }
  [[nodiscard]] Result run(std::vector<std::string> words) const {
    return server.natskv(std::move(words), {.limit = 120});
  }
  [[nodiscard]] std::string dir() const { return folder / "dir"; }
};

/// Swaps two names again and again while it lives.
class Swapping {
 public:
  Swapping(std::string one, std::string other)
      : one_(std::move(one)), other_(std::move(other)), thread_([this] {
          while (!end_) {
            ::renameat2(AT_FDCWD, one_.c_str(), AT_FDCWD, other_.c_str(), RENAME_EXCHANGE);
            ++swaps_;
            std::this_thread::yield();
          }
        }) {}
  ~Swapping() {
    end_ = true;
    thread_.join();
  }
  Swapping(const Swapping&) = delete;
  Swapping& operator=(const Swapping&) = delete;
  [[nodiscard]] int swaps() const { return swaps_; }

 private:
  std::string one_, other_;
  std::atomic<bool> end_ = false;
  std::atomic<int> swaps_ = 0;
  std::thread thread_;
};

}  // namespace

TEST_CASE("ten thousand keys of all characters are files and come back") {
  World world;
  std::mt19937 random(3);
  const std::string letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_=";
  std::string lines;
  for (int i = 0; i < 10'000; ++i) {
    std::string key = "d" + std::to_string(i % 97) + "/" + std::to_string(i);
    for (auto more = random() % 30; more > 0; --more) key += letters[random() % letters.size()];
    if (i == 0) key = "d0/" + std::string(255, 'n');
    lines += R"({"key":")" + key + R"(","value":")" + (i % 7 == 0 ? "" : std::to_string(random())) + "\"}\n";
  }
  CHECK(world.server.natskv({"import", "b", "-q"}, {.input = lines, .limit = 120}).status == 0);
  const auto out = world.run({"export", "b", "--dir", world.dir()});
  CHECK_MESSAGE(has(out.err, "10000 files written"), out.err);
  CHECK(has(world.run({"export", "b", "--dir", world.dir()}).err, "no files written"));
  world.client.add_bucket("copy");
  CHECK(has(world.run({"import", "copy", "--dir", world.dir()}).err, "put 10000\n"));
  CHECK(world.run({"diff", "b", "copy"}).status == 0);
  CHECK(world.run({"diff", "b", "--dir", world.dir()}).status == 0);
}

TEST_CASE("a folder under git: a clone makes the same bucket, export leaves .git alone") {
  if (program("git").empty()) SKIP("no git");
  World world;
  world.client.put("b", "conf/app", "a\n");
  world.client.put("b", "binary", std::string("\0\r\n\xff", 4));
  world.client.put("b", "empty", "");
  const auto git = [&](const std::string& where, std::vector<std::string> words) {
    words.insert(words.begin(), {"git", "-C", where, "-c", "user.name=t", "-c", "user.email=t@t", "-c",
                                 "init.defaultBranch=main", "-c", "core.autocrlf=false"});
    const auto result = natskv::test::run({.args = words});
    CHECK_MESSAGE(result.status == 0, result.err);
    return result.out;
  };
  CHECK(world.run({"export", "b", "--dir", world.dir()}).status == 0);
  git(world.dir(), {"init", "-q"});
  git(world.dir(), {"add", "-A"});
  git(world.dir(), {"commit", "-qm", "one"});
  git(world.folder.path().string(), {"clone", "-q", "dir", "clone"});
  world.client.add_bucket("copy");
  const auto clone = world.folder / "clone";
  CHECK(world.run({"import", "copy", "--dir", clone, "--prune", "-f"}).status == 0);
  CHECK(world.run({"diff", "b", "copy"}).status == 0);
  CHECK(world.run({"keys", "copy", "--count"}).out == "3\n");
  // What changed in the bucket, and nothing else, is a change for git.
  world.client.put("b", "conf/app", "b\n");
  world.client.put("b", "empty", "", {{"KV-Operation", "DEL"}});
  CHECK(world.run({"export", "b", "--dir", world.dir(), "--prune", "-f"}).status == 0);
  CHECK(git(world.dir(), {"status", "--porcelain"}) == " M conf/app\n D empty\n");
  git(world.dir(), {"fsck", "--strict"});
}

TEST_CASE("sockets, devices and links in the tree are named and left out") {
  World world;
  const fs::path dir = world.dir();
  write_file_below(dir / "good", "1");
  write_file_below(dir / "sub" / "good", "2");
  sockaddr_un name{};
  name.sun_family = AF_UNIX;
  const std::string path = (dir / "socket").string();
  REQUIRE(path.size() < sizeof name.sun_path);
  path.copy(name.sun_path, path.size());
  const int listening = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  REQUIRE(::bind(listening, reinterpret_cast<const sockaddr*>(&name), sizeof name) == 0);
  REQUIRE(::mkfifo((dir / "sub" / "fifo").c_str(), 0600) == 0);
  fs::create_symlink("/etc/passwd", dir / "passwd");
  fs::create_symlink("nowhere", dir / "dangling");
  fs::create_directory_symlink("/etc", dir / "sub" / "etc");
  std::vector<std::string> left_out{"socket", "sub/fifo", "passwd", "dangling", "sub/etc"};
  if (::mknod((dir / "zero").c_str(), S_IFCHR | 0600, makedev(1, 5)) == 0) left_out.emplace_back("zero");
  const auto result = world.run({"import", "b", "--dir", dir});
  ::close(listening);
  CHECK(result.status == 0);
  for (const auto& one : left_out)
    CHECK(has(result.err, "warning: \"" + one + "\" is not a regular file and is left out\n"));
  CHECK(world.run({"keys", "b"}).out == "good\nsub/good\n");
  CHECK(world.run({"diff", "b", "--dir", dir}).status == 0);
}

TEST_CASE("a file that cannot be read is a failure, and nothing is pruned") {
  if (::geteuid() == 0) SKIP("root reads every file");
  World world;
  const fs::path dir = world.dir();
  write_file_below(dir / "good", "1");
  write_file_below(dir / "secret", "3");
  fs::permissions(dir / "secret", fs::perms::none);
  world.client.put("b", "other", "1");
  const auto unreadable = world.run({"import", "b", "--dir", dir, "--prune", "-f"});
  CHECK(unreadable.status == 1);
  CHECK(has(unreadable.err, "cannot read \"" + (dir / "secret").string() + "\": "));
  CHECK(world.run({"get", "b", "other"}).status == 0);
}

TEST_CASE("whoever swaps folders, files and links meanwhile, nothing outside the tree is written or read") {
  World world;
  const fs::path dir = world.dir(), outside = world.folder / "outside";
  fs::create_directories(dir / "sub");
  write_file_below(outside / "x", "secret");
  write_file_below(fs::path(world.folder / "victim"), "secret");
  fs::create_directory_symlink(outside, dir / "other");
  fs::create_symlink(fs::path(world.folder / "victim"), dir / "link");
  write_file_below(dir / "plain", "0");
  const Swapping folders((dir / "sub").string(), (dir / "other").string());
  const Swapping files((dir / "plain").string(), (dir / "link").string());
  for (int round = 0; round < 25; ++round) {
    for (const char* key : {"sub/x", "sub/y", "plain"})
      world.client.put("b", key, "value " + std::to_string(round));
    const auto out = world.run({"export", "b", "--dir", dir});
    CHECK((out.status == 0 || out.status == 1));
    const auto in = world.run({"import", "b", "--dir", dir});
    CHECK((in.status == 0 || in.status == 1));
    for (const char* key : {"sub/x", "plain", "link", "other/x"})
      CHECK(world.client.last("b", key).data != "secret");
    CHECK(read_file(outside / "x") == "secret");
    CHECK(read_file(world.folder / "victim") == "secret");
    CHECK(std::distance(fs::directory_iterator(outside), fs::directory_iterator()) == 1);
  }
  CHECK(folders.swaps() > 0);
  CHECK(files.swaps() > 0);
}

TEST_CASE("a file that grows, shrinks or goes while the folder is read is a failure, or read whole") {
  World world;
  const fs::path dir = world.dir();
  const std::string one(200'000, '1'), two(100'000, '2');
  write_file_below(dir / "a", one);
  std::atomic<bool> end = false;
  std::thread writer([&] {
    while (!end) {
      write_file((dir / "a").string(), two);
      write_file((dir / "a").string(), one);
      if (::rename((dir / "a").c_str(), (dir / ".hidden").c_str()) == 0)
        ::rename((dir / ".hidden").c_str(), (dir / "a").c_str());
    }
  });
  for (int round = 0; round < 25; ++round) {
    const auto in = world.run({"import", "b", "--dir", dir});
    CHECK((in.status == 0 || in.status == 1));
    if (in.status == 1) CHECK(has(in.err, "cannot read \"" + (dir / "a").string() + "\": "));
  }
  end = true;
  writer.join();
}

TEST_CASE("a file that was changed after it was checked is read as it is then") {
  World world;
  const fs::path dir = world.dir();
  for (const char first : {'a', 'b'}) {  // more than is sent ahead of the answers
    for (int i = 0; i < 15; ++i)
      write_file_below(dir / (first + std::to_string(10 + i)), std::string(900'000, 'v'));
  }
  for (const char* last : {"changed", "grown", "link"}) write_file_below(dir / last, "old");
  Proxy proxy(world.server.port());
  proxy.pause_after(1'000'000);
  Process import(
      natskv_command({"import", "b", "--dir", dir, "--timeout", "60s", "-s", proxy.url()}, {.limit = 120}));
  REQUIRE(eventually([&] { return proxy.paused(); }));
  write_file((dir / "changed").string(), "new");
  write_file((dir / "grown").string(), "much longer");
  fs::remove(dir / "link");
  fs::create_symlink("/etc/passwd", dir / "link");
  proxy.pause(false);
  const auto result = import.wait(100);
  CHECK(result.status == 1);
  CHECK(has(result.err, "cannot read \"" + (dir / "link").string() + "\": "));
  CHECK(world.run({"get", "b", "changed"}).out == "new");
  CHECK(world.run({"get", "b", "grown"}).out == "much longer");
  CHECK(world.client.messages("b") == 32);
}

TEST_CASE("a disk that fills up leaves each file whole: the old one or the new") {
  World world;
  const fs::path dir = world.dir();
  write_file_below(dir / "big", "old");
  world.client.put("b", "big", std::string(20'000, 'x'));
  world.client.put("b", "small", "1");
  // The limit of a file's size stands for the disk's: 8 blocks of 1024 B.
  const auto out = run({.args = {"sh", "-c", "trap '' XFSZ; ulimit -f 8; exec \"$@\"", "sh",
                                 natskv_command({}).args[0], "export", "b", "--dir", dir},
                        .env = {{"NATS_URL", world.server.url()}}});
  CHECK(out.status == 1);
  CHECK(has(out.err, "cannot write to \"" + (dir / "big").string() + "\": "));
  CHECK(read_file(dir / "big") == "old");
  for (const auto& entry : fs::directory_iterator(dir))
    CHECK_FALSE(entry.path().filename().string().starts_with("."));
}
