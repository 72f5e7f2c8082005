// Keys that natskv does not write: other clients may name a key by any bytes.
#include "support/buckets.hpp"

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

using namespace natskv::test;

namespace {

const std::string key = "a.\xFF.b";

constexpr std::string_view five = R"({"max_msgs_per_subject": 5})";

void fill(const TestBucket& b) {
  bed().client.send("$KV." + b.name() + "." + key, "v");
  b.put("a.x.b", "1");
}

}  // namespace

TEST_CASE("a key that is not UTF-8 is read, listed, watched and deleted as any other") {
  const TestBucket b(five);
  fill(b);
  CHECK(b("get", {key}).out == "v");
  CHECK(b("keys").out == key + "\na.x.b\n");
  CHECK(b("keys", {key}).out == key + "\n");
  CHECK(b("keys", {"a.\xFF.*"}).out == key + "\n");
  CHECK(b("history", {key, "-o", "tsv"}).out.starts_with(key + "\t1\tPUT\t"));
  CHECK(b("export", {"-q", "--history"}).out.find("\"key\":\"a.x.b\"") != std::string::npos);
  CHECK(b("del", {key}).out == "3\n");
  CHECK(b("get", {key}).status == 3);
  CHECK(b("keys").out == "a.x.b\n");
}

TEST_CASE("JSON has such a key in key_base64, and import writes it as it stands") {
  const TestBucket b(five);
  fill(b);
  const auto entry = nlohmann::json::parse(b("get", {key, "-j"}).out);
  CHECK(entry.at("key_base64") == "YS7/LmI=");
  CHECK_FALSE(entry.contains("key"));
  const auto said = b("get", {key, "-j", "--revision", "9"}).err;
  const auto error = nlohmann::json::parse(said.substr(said.find('{')));
  CHECK(error.at("error").at("key_base64") == "YS7/LmI=");
  const std::string lines = b("export", {"-q", key}).out;
  const TestBucket other;
  const auto result = other("import", {},
                            {.input = lines + R"({"key_base64":"ay0x","value":"1"})"
                                              "\n"});
  CHECK(result.status == 0);
  CHECK(other("get", {key}).out == "v");
  CHECK(other("get", {"k-1"}).out == "1");
  CHECK(other("import", {},
              {.input = R"({"key":"a","key_base64":"YQ==","value":"1"})"
                        "\n"})
            .err.find("both \"key\" and \"key_base64\" are given") != std::string::npos);
  CHECK(other("import", {},
              {.input = R"({"key_base64":"?","value":"1"})"
                        "\n"})
            .err.find("\"key_base64\" is not base64") != std::string::npos);
}

TEST_CASE("what only a request in JSON could do to such a key is refused, and said") {
  const TestBucket b(five);
  fill(b);
  for (const std::vector<std::string>& words :
       {std::vector<std::string>{"get", "--consistent"}, {"get", "--consistent", "--revision", "1"}}) {
    std::vector<std::string> rest(words.begin() + 1, words.end());
    rest.push_back(key);
    const auto result = b(words[0], rest);
    CHECK(result.status == 1);
    CHECK(result.err.find("cannot be read from the stream's leader: it is not UTF-8") != std::string::npos);
  }
  bed().client.send("$KV." + b.name() + "." + key, "", {{"KV-Operation", "DEL"}});
  const auto compact = b("compact", {"-f", "--older-than", "0"});
  CHECK(compact.status == 1);
  CHECK(compact.err.find("was not purged: it is not UTF-8") != std::string::npos);
}

TEST_CASE("such a key is found where only the stream's leader answers") {
  const TestBucket b(R"({"allow_direct": false})");
  fill(b);
  CHECK(b("get", {key}).out == "v");
  CHECK(b("get", {key, "--revision", "1"}).status == 1);
}

TEST_CASE("a key with a backslash or a quote is read of the leader, deleted and purged as any other") {
  for (const std::string odd : {R"(dir\new)", R"(say"hi)", R"(a\u0041."x".\)"}) {
    CAPTURE(odd);
    const TestBucket b(five);
    bed().client.send("$KV." + b.name() + "." + odd, "v");
    b.put("other", "o");
    CHECK(b("get", {odd}).out == "v");
    CHECK(b("get", {odd, "--consistent"}).out == "v");
    CHECK(b("get", {odd, "--consistent", "--revision", "1"}).out == "v");
    CHECK(all(b("del", {odd, "--must-exist"})) == "0|3\n|");
    CHECK(b("get", {odd, "--consistent"}).status == 3);
    CHECK(all(b("purge", {odd, "--must-exist"})).starts_with("3|"));
    bed().client.send("$KV." + b.name() + "." + odd, "w");
    CHECK(all(b("purge", {odd})) == "0|5\n|");
    CHECK(b("history", {odd, "-o", "tsv"}).out.find("PURGE") != std::string::npos);
    CHECK(b("compact", {"-f", "-q", "--older-than", "0"}).status == 0);
    CHECK(b("keys", {"--deleted"}).out == "other\n");
  }
}

TEST_CASE("del --if-revision of a key that reads as a pattern keeps its condition") {
  const TestBucket b(five);
  bed().client.send("$KV." + b.name() + ".f.*", "v1");
  b.put("f.x", "x");
  bed().client.send("$KV." + b.name() + ".f.*", "v3");
  const auto stale = b("del", {"f.*", "--literal", "--if-revision", "1"});
  CHECK(stale.status == 4);
  CHECK(stale.err == "natskv: del: key \"f.*\" of bucket \"" + b.name() +
                         "\" is at revision 3, not 1; nothing was written\n");
  CHECK(b("del", {"f.none.*", "--literal", "--if-revision", "1"}).status == 4);
  CHECK(b.last_revision() == 3);
  CHECK(all(b("del", {"f.*", "--literal", "--if-revision", "3"})) == "0|4\n|");
  CHECK(b("keys").out == "f.x\n");
}

TEST_CASE("a delete by pattern takes such a key at the revision that was listed") {
  const TestBucket b(five);
  for (const std::string odd : {"f.*", "f.x.>", "f.x"}) bed().client.send("$KV." + b.name() + "." + odd, "v");
  const auto deleted = b("del", {"f.>", "-f", "-o", "tsv"});
  CHECK_MESSAGE(deleted.status == 0, deleted.err);
  CHECK(lines(deleted.out) == 3);
  CHECK(b("keys").out.empty());
  CHECK(b.last_revision() == 6);
}

TEST_CASE("a key whose last token is a literal > is that key alone") {
  const TestBucket b(five);
  bed().client.send("$KV." + b.name() + ".app.>", "literal");
  b.put("app.x", "x");
  b.put("app.y", "y");
  bed().client.send("$KV." + b.name() + ".a.>.*", "both");
  CHECK(b("get", {"a.>.*", "--literal"}).out == "both");
  CHECK(b("del", {"a.>.*", "--literal"}).status == 0);
  CHECK(b("get", {"app.>", "--literal"}).out == "literal");
  CHECK(b("keys", {"app.>", "--literal"}).out == "app.>\n");
  CHECK(b("keys", {"app.>", "app.x", "--literal"}).out == "app.>\napp.x\n");
  CHECK(b("get", {"app.>", "app.y", "--literal", "-j"}).status == 0);
  CHECK(b("purge", {"app.>", "--literal"}).err.find("was not purged") != std::string::npos);
  CHECK(b("del", {"app.>", "--literal"}).status == 0);
  CHECK(b("keys").out == "app.x\napp.y\n");
}

TEST_CASE("what export and cp read of other clients' keys, import and cp write as it stands") {
  const TestBucket b(five);
  for (const std::string foreign : {"user:42", "x~y:z", key.c_str()}) b.put(foreign, "v");
  bed().client.send("$KV." + b.name() + ".c.*", "literal");
  b.put("c.x", "other");
  const TestBucket imported(five);
  const auto import = imported("import", {}, {.input = b("export", {"-q"}).out});
  CHECK(import.status == 0);
  const TestBucket copied(five);
  const auto cp = kv({"cp", b.name(), copied.name()});
  CHECK_MESSAGE(cp.status == 0, cp.err);
  for (const auto& copy : {&imported, &copied}) {
    CHECK(kv({"diff", b.name(), copy->name()}).out.empty());
    CHECK((*copy)("keys").out == b("keys").out);
  }
}

TEST_CASE("import purges no other keys through one that reads as a pattern") {
  const bool batches = server_at_least(2, 12);
  for (const bool atomic : {false, true}) {
    if (atomic && !batches) SKIP("batches need nats-server 2.12");
    CAPTURE(atomic);
    const TestBucket b(atomic ? R"({"max_msgs_per_subject": 5, "allow_atomic": true})" : five);
    b.put("f.x", "x");
    bed().client.send("$KV." + b.name() + ".f.*", "literal");
    const auto import = [&](const char* line, std::vector<std::string> words) {
      if (atomic) words.emplace_back("--atomic");
      return b("import", words, {.input = std::string(line) + "\n"});
    };
    const auto purge = import(R"({"key":"f.*","operation":"PURGE"})", {});
    CHECK(purge.status == 1);
    CHECK(
        purge.err.find("was not purged: the server would take it for a pattern and purge other keys too\n") !=
        std::string::npos);
    for (const char* line : {R"({"key":"f.*","value":"2"})", R"({"key":"f.*","operation":"DEL"})"}) {
      const auto write = import(line, {"--drop-history"});
      CHECK(write.status == 1);
      CHECK(
          write.err.find("was not written: the server would take it for a pattern and purge other keys too\n"
                         "hint: without --drop-history it can be imported") != std::string::npos);
    }
    CHECK(b("keys").out == "f.x\nf.*\n");
    CHECK(b.last_revision() == 2);
  }
}

TEST_CASE("a write of a key that reads as a pattern keeps its condition") {
  const TestBucket b(five);
  const auto import = [&](const std::string& line, std::vector<std::string> words) {
    words.insert(words.begin(), {"-o", "json"});
    const auto result = b("import", words, {.input = line + "\n"});
    return std::to_string(result.status) + " " + result.err;
  };
  // Of an empty bucket, too.
  CHECK(import(R"({"key":"f.*","value":"1"})", {"--create"}) == "0 ");
  b.put("f.x", "x");
  CHECK(import(R"({"key":"f.*","value":"2"})", {"--create"}).starts_with("4 "));
  CHECK(import(R"({"key":"f.*","value":"2","revision":2})", {"--update"}).find("is at revision 1, not 2") !=
        std::string::npos);
  CHECK(import(R"({"key":"f.*","value":"3","revision":1})", {"--update"}) == "0 ");
  b.put("f.y", "y");
  CHECK(import(R"({"key":"f.*","value":"5","if_revision":1})", {}).starts_with("4 "));
  CHECK(import(R"({"key":"f.*","value":"5","if_revision":3})", {}) == "0 ");
  CHECK(b("get", {"f.*", "--literal"}).out == "5");
  CHECK(all(b("del", {"f.*", "--literal"})) == "0|6\n|");
  // Over a marker as over nothing.
  CHECK(import(R"({"key":"f.*","value":"7","if_revision":0})", {}) == "0 ");
  CHECK(b("keys").out == "f.x\nf.y\nf.*\n");
  const TestBucket other(five);
  other.put("f.z", "z");
  REQUIRE(kv({"cp", b.name(), other.name(), "--create", "-q"}).status == 0);
  CHECK(kv({"cp", b.name(), other.name(), "--create", "-q"}).status == 4);
  CHECK(other("get", {"f.*", "--literal"}).out == "7");
}
