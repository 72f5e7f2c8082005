// info: a bucket's configuration and state.
#include "app/invocation.hpp"
#include "cli/verb.hpp"
#include "commands/all.hpp"
#include "commands/buckets/bucket_settings.hpp"
#include "kv/admin/buckets.hpp"
#include "kv/admin/config.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace natskv::commands {
namespace {

class Info final : public Action {
  std::string bucket_;

  void declare(Declaration& a) override { a.bucket(bucket_); }

  int run(Invocation& natskv) override {
    BucketSheet sheet(natskv);
    const auto info = read_bucket(natskv.session(), bucket_);
    sheet.print(info);
    for (const auto& name : raw_sources(bucket_, info.at("config")))
      natskv.warn(
          fmt::format("what source \"{}\" copies is stored under its own subjects, not as keys of \"{}\"; "
                      "natskv edit {} --source {} adds the subject transform",
                      name, bucket_, bucket_, name));
    return 0;
  }
};

}  // namespace

const Verb info{
    .name = "info",
    .aliases = {"status", "view"},
    .group = Group::buckets,
    .summary = "Show a bucket's configuration and state",
    .description =
        R"(Values counts all revisions that the bucket keeps, delete markers included; keys counts the distinct names among
them. A bucket with a size limit shows how much of it is in use. A mirror and each source show how many messages they
still have to copy and when their origin was last heard from, or why the server cannot copy; in a cluster the leader
and the state of each replica are shown. What does not apply, and what is unlimited, is left out, and so is the
server's own metadata (_nats.*).)",
    .output = "A line for each field and its value. JSON: one object.",
    .examples =
        R"(# Configuration and state, a field a line:
$ natskv info config
bucket	config
...
# One field, in a script:
$ natskv info config -o json | jq .history
5
)",
    .make = make_action<Info>,
};

}  // namespace natskv::commands
