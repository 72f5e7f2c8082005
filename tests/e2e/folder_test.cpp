// export, import and diff --dir: a bucket as a folder.
#include "support/client.hpp"
#include "support/process.hpp"
#include "support/server.hpp"
#include "support/text.hpp"

#include <doctest/doctest.h>

#include <sys/stat.h>

#include <filesystem>
#include <random>
#include <string>
#include <vector>

using namespace natskv::test;
namespace fs = std::filesystem;

namespace {

struct World {
  Server server;
  Client client{server.url()};
  TempDir folder;
  World() {
    client.add_bucket("b");
    client.add_bucket("copy");
  }
  [[nodiscard]] Result run(std::vector<std::string> words) const { return server.natskv(std::move(words)); }
  [[nodiscard]] std::string dir() const { return folder / "dir"; }
};

ino_t inode(const fs::path& path) {
  struct stat info {};
  return ::stat(path.c_str(), &info) == 0 ? info.st_ino : 0;
}

}  // namespace

TEST_CASE("a bucket is a folder and the reverse: every byte, both mappings") {
  World world;
  std::mt19937 random(7);
  const std::string letters = "abcXYZ019-_=";
  for (int i = 0; i < 300; ++i) {
    std::string key = "t" + std::to_string(i % 40);
    for (auto parts = random() % 3; parts > 0; --parts)
      key += "." + std::string(1 + random() % 5, letters[random() % letters.size()]);
    std::string value(random() % 300, '\0');
    for (char& c : value) c = static_cast<char>(random() % 256);
    world.client.put("b", "x." + std::to_string(i) + "." + key, i % 10 == 0 ? "" : value);
  }
  world.client.put("b", std::string(255, 'n'), "long name");
  for (const std::vector<std::string>& how : {std::vector<std::string>{}, {"--dots"}}) {
    const std::string dir = world.folder / ("dir" + std::to_string(how.size()));
    const auto with = [&](std::vector<std::string> words) {
      words.insert(words.end(), {"--dir", dir});
      words.insert(words.end(), how.begin(), how.end());
      return world.run(words);
    };
    const auto out = with({"export", "b"});
    CHECK_MESSAGE(out.status == 0, out.err);
    CHECK(with({"diff", "b"}).status == 0);
    world.client.add_bucket("back" + std::to_string(how.size()));
    const auto in = with({"import", "back" + std::to_string(how.size())});
    CHECK_MESSAGE(in.status == 0, in.err);
    CHECK(world.run({"diff", "b", "back" + std::to_string(how.size())}).status == 0);
  }
  CHECK(fs::exists(fs::path(world.folder / "dir1") / "x" / "0"));
}

TEST_CASE("paths are keys; modes; equal files stay") {
  World world;
  world.client.put("b", "conf/app.yaml", "a: 1\n");
  world.client.put("b", "top", "x");
  const auto first = world.run({"export", "b", "--dir", world.dir()});
  CHECK(first.err == "natskv: export: bucket \"b\": 2 files written to \"" + world.dir() + "\"\n");
  const fs::path app = fs::path(world.dir()) / "conf" / "app.yaml";
  CHECK(read_file(app) == "a: 1\n");
  struct stat info {};
  REQUIRE(::stat(app.c_str(), &info) == 0);
  CHECK((info.st_mode & 0777U) == 0600);
  REQUIRE(::stat(app.parent_path().c_str(), &info) == 0);
  CHECK((info.st_mode & 0777U) == 0700);
  const auto before = inode(app);
  world.client.put("b", "top", "y");
  const auto second = world.run({"export", "b", "--dir", world.dir(), "--mode", "0644"});
  CHECK(has(second.err, "1 file written to"));
  CHECK(has(second.err, ", 1 unchanged"));
  CHECK(inode(app) == before);
  REQUIRE(::stat((fs::path(world.dir()) / "top").c_str(), &info) == 0);
  CHECK((info.st_mode & 0777U) == 0644);
  for (const char* mode : {"0", "8", "01000", "-1", "0200", ""})
    CHECK(world.run({"export", "b", "--dir", world.dir(), "--mode", mode}).status == 2);
  CHECK(world.run({"export", "b", "--mode", "0644"}).status == 2);
  CHECK(world.run({"export", "b", "none", "--dir", world.dir()}).status == 3);
}

TEST_CASE("keys that cannot be files, or need one as a folder, are named before anything is written") {
  World world;
  const auto refused = [&](std::vector<std::string> keys, std::vector<std::string> more,
                           std::string_view why) {
    static int number = 0;
    const std::string bucket = "k" + std::to_string(++number);
    world.client.add_bucket(bucket);
    world.client.put(bucket, "good", "1");
    for (const auto& key : keys) world.client.put(bucket, key, "1");
    more.insert(more.begin(), {"export", bucket, "--dir", world.dir()});
    const auto result = world.run(more);
    CHECK(result.status == 1);
    CHECK_MESSAGE(has(result.err, why), result.err);
    CHECK_FALSE(fs::exists(world.dir()));
  };
  refused({"/etc/x"}, {}, "\"/etc/x\" (its path has an empty component)");
  refused({"a//b", "c/"}, {}, "\"a//b\" (its path has an empty component) and \"c/\"");
  refused({"conf/.env"}, {}, "begins with \".\"");
  refused({"a", "a/b"}, {}, "\"a/b\" (\"a\" is a key, so it cannot be a folder)");
  refused({"a/b/c", "a"}, {}, "\"a\" (other keys need a folder of this name)");
  refused({"a.b", "a"}, {"--dots"}, "folder of this name");
  refused({"a/b"}, {"--dots"}, "--dots has no path for a \"/\"");
  refused({"x~y"}, {}, "natskv does not write keys with such names");
  refused({std::string(256, 'n')}, {}, "over 255 bytes");
}

TEST_CASE("import reads regular files only, follows no link, and names what is no key") {
  World world;
  const fs::path dir = world.dir();
  write_file_below(dir / "conf" / "a", "1");
  write_file_below(dir / ".git" / "config", "hidden");
  write_file_below(dir / "conf" / ".env", "hidden");
  write_file_below(fs::path(world.folder / "secret"), "secret");
  fs::create_symlink(fs::path(world.folder / "secret"), dir / "link");
  fs::create_directory_symlink(world.folder.path(), dir / "folder");
  REQUIRE(::mkfifo((dir / "fifo").c_str(), 0600) == 0);
  const auto result = world.run({"import", "b", "--dir", dir});
  CHECK(result.status == 0);
  for (const char* name : {"link", "folder", "fifo"})
    CHECK(has(result.err, "warning: \"" + std::string(name) + "\" is not a regular file and is left out"));
  CHECK(has(result.err, "bucket \"b\": put 1\n"));
  CHECK(world.run({"keys", "b"}).out == "conf/a\n");
  write_file_below(dir / "conf" / "a b", "1");
  write_file_below(dir / "c~d", "1");
  const auto wrong = world.run({"import", "b", "--dir", dir, "--prune", "-f"});
  CHECK(wrong.status == 1);
  CHECK(has(wrong.err, "cannot be keys: \"conf/a b\" and \"c~d\""));
  CHECK(world.client.last_revision("b") == 1);
  fs::remove(dir / "c~d");
  fs::remove(dir / "conf" / "a b");
  write_file_below(dir / "app.yaml", "1");
  const auto dots = world.run({"import", "b", "--dir", dir, "--dots"});
  CHECK(dots.status == 1);
  CHECK(has(dots.err, "a path in"));
  CHECK(has(dots.err, "cannot be a key: \"app.yaml\""));
  write_file_below(dir / "big", std::string(1'100'000, 'x'));
  const auto big = world.run({"import", "b", "--dir", dir});
  CHECK(big.status == 1);
  CHECK(has(big.err, "over the server's limit"));
  CHECK(world.client.last_revision("b") == 1);
  CHECK(world.run({"import", "b", "--dir", world.folder / "none"}).status == 2);
  CHECK(world.run({"import", "b", "--dots"}).status == 2);
}

TEST_CASE("import --dir takes import's options: skip, prune, dry run") {
  World world;
  const fs::path dir = world.dir();
  write_file_below(dir / "a", "1");
  write_file_below(dir / "sub" / "b", "2");
  world.client.put("b", "a", "1");
  world.client.put("b", "stale", "x");
  const auto dry = world.run({"import", "b", "--dir", dir, "--skip-unchanged", "--prune", "--dry-run"});
  CHECK(dry.status == 0);
  CHECK(dry.out == "a\tunchanged\thas this value at revision 1\nsub/b\tput\tnew\nstale\tdelete\tnot in \"" +
                       dir.string() + "\"\n");
  CHECK(world.run({"import", "b", "--dir", dir, "--prune"}).status == 2);
  CHECK(world.run({"import", "b", "--dir", dir, "--skip-unchanged", "--prune", "-f"}).status == 0);
  CHECK(world.run({"keys", "b"}).out == "a\nsub/b\n");
  fs::create_directories(fs::path(world.folder / "empty"));
  CHECK(world.run({"import", "b", "--dir", world.folder / "empty", "--prune", "-f"}).status == 2);
  CHECK(world.run({"keys", "b", "--count"}).out == "2\n");
}

TEST_CASE("export goes on over what a killed process of the same number left") {
  World world;
  world.client.put("b", "a", "1");
  fs::create_directories(world.dir());
  auto export_it = world.server.command({"export", "b", "--dir", world.dir()});
  export_it.args.insert(export_it.args.begin(),
                        {"sh", "-c", R"(echo half > ")" + world.dir() + R"(/.natskv-$$"; exec "$@")", "sh"});
  const auto result = run(export_it);
  CHECK_MESSAGE(result.status == 0, result.err);
  CHECK(read_file(fs::path(world.dir()) / "a") == "1");
  CHECK(std::distance(fs::directory_iterator(world.dir()), fs::directory_iterator()) == 1);
}

TEST_CASE("export writes nothing through a link") {
  World world;
  const fs::path dir = world.dir();
  fs::create_directories(dir);
  fs::create_directories(fs::path(world.folder / "outside"));
  write_file_below(fs::path(world.folder / "victim"), "keep");
  fs::create_symlink(fs::path(world.folder / "victim"), dir / "a");
  world.client.put("b", "a", "new");
  const auto replaced = world.run({"export", "b", "--dir", dir});
  CHECK(replaced.status == 0);
  CHECK(read_file(fs::path(world.folder / "victim")) == "keep");
  CHECK_FALSE(fs::is_symlink(dir / "a"));
  CHECK(read_file(dir / "a") == "new");
  fs::create_directory_symlink(fs::path(world.folder / "outside"), dir / "sub");
  world.client.put("b", "sub/x", "1");
  const auto refused = world.run({"export", "b", "--dir", dir});
  CHECK(refused.status == 1);
  CHECK(has(refused.err, "cannot write to \"" + dir.string() + "/sub\""));
  CHECK(fs::is_empty(fs::path(world.folder / "outside")));
  for (const auto& entry : fs::directory_iterator(dir))
    CHECK_FALSE(entry.path().filename().string().starts_with("."));
}

TEST_CASE(
    "export --prune removes the files that import would read and the bucket does not hold, forced only") {
  World world;
  const fs::path dir = world.dir();
  for (const char* name : {"a", "stale", "sub/stale", ".hidden", "a b"}) write_file_below(dir / name, "1");
  fs::create_symlink(dir / "a", dir / "link");
  world.client.put("b", "a", "1");
  const auto refused = world.run({"export", "b", "--dir", dir, "--prune"});
  CHECK(refused.status == 2);
  CHECK(has(refused.err, "needs confirmation"));
  Terminal no(world.server.command({"export", "b", "--dir", dir, "--prune"}));
  CHECK(no.read_until("(stale and sub/stale)? [y/N] "));
  no.send("n\n");
  CHECK(no.wait().status == 1);
  CHECK(fs::exists(dir / "stale"));
  const auto result = world.run({"export", "b", "--dir", dir, "--prune", "-f"});
  CHECK(result.status == 0);
  CHECK(has(result.err, ", 2 removed"));
  for (const char* kept : {"a", ".hidden", "a b", "link"}) CHECK(fs::exists(dir / kept));
  CHECK_FALSE(fs::exists(dir / "sub/stale"));
  // A folder that is empty now gives way to a key of its name.
  world.client.put("b", "sub", "file");
  CHECK(world.run({"export", "b", "--dir", dir, "--prune", "-f"}).status == 0);
  CHECK(read_file(dir / "sub") == "file");
}

TEST_CASE("diff compares a bucket with a folder and with lines") {
  World world;
  const fs::path dir = world.dir();
  for (const char* key : {"same", "changed", "removed"}) world.client.put("b", key, "1");
  write_file_below(dir / "same", "1");
  write_file_below(dir / "changed", "2");
  write_file_below(dir / "added", "3");
  const auto folder = world.run({"diff", "b", "--dir", dir, "--values"});
  CHECK(folder.status == 1);
  CHECK(folder.out == "added\tadded\t\t\t\t3\nchanged\tchanged\t2\t\t1\t2\nremoved\tremoved\t3\t\t1\t\n");
  CHECK(folder.err == "natskv: diff: 1 added, 1 removed, 1 changed\n");
  const std::string lines =
      "{\"key\":\"same\",\"value\":\"0\"}\n{\"key\":\"same\",\"value\":\"1\",\"revision\":7}\n"
      "{\"key\":\"changed\",\"value\":\"2\",\"revision\":8}\n{\"key\":\"removed\",\"operation\":\"DEL\"}\n";
  const auto file_diff = world.server.natskv({"diff", "b", "-F", "-", "-j"}, {.input = lines});
  CHECK(file_diff.status == 1);
  CHECK(file_diff.out ==
        "[\n{\"change\":\"changed\",\"key\":\"changed\",\"revision_a\":2,\"revision_b\":8},\n"
        "{\"change\":\"removed\",\"key\":\"removed\",\"revision_a\":3}\n]\n");
  CHECK(file_diff.err == "{\"summary\":{\"added\":0,\"removed\":1,\"changed\":1}}\n");
  const auto selected = world.server.natskv({"diff", "b", "same", "-F", "-"}, {.input = lines});
  CHECK(selected.status == 0);
  CHECK(selected.err == "natskv: diff: no differences\n");
  CHECK(world.server.natskv({"diff", "b", "-F", "-"}, {.input = "{\n"}).status == 2);
  CHECK(world.run({"diff", "b", "b", "x", "--dir", dir}).status == 2);
  CHECK(world.run({"diff", "b", "--dir", world.folder / "none"}).status == 2);
  CHECK(world.run({"diff", "b"}).status == 2);
}
