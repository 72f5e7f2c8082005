// Changes of stream configurations: whole documents, as ADR-8 and the official clients have them.
#include "kv/admin/config.hpp"
#include "support/failing.hpp"

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include <string>
#include <vector>

using namespace natskv;
using Json = nlohmann::ordered_json;

namespace {

/// The configuration of a plain bucket "b" with some fields replaced; null removes one.
Json golden(const Json& other = Json::object()) {
  Json config =
      Json::parse(R"({"name": "KV_b", "subjects": ["$KV.b.>"], "retention": "limits", "max_consumers": -1,
    "max_msgs_per_subject": 1, "max_msgs": -1, "max_bytes": -1, "max_age": 0, "max_msg_size": -1, "storage": "file",
    "discard": "new", "num_replicas": 1, "duplicate_window": 120000000000, "deny_delete": true,
    "allow_rollup_hdrs": true, "allow_direct": true})");
  config.merge_patch(other);
  return config;
}

std::string sorted(const Json& json) { return nlohmann::json(json).dump(); }

void made(const BucketChanges& wishes, const Json& other) {
  CHECK(sorted(bucket_config("b", wishes)) == sorted(golden(other)));
}

Json changed(Json config, const BucketChanges& wishes) {
  apply(wishes, "b", config);
  return config;
}

using Names = std::vector<std::string>;

}  // namespace

TEST_CASE("a plain bucket sends what every server knows, in ADR-8's words") {
  CHECK(bucket_config("b", {}).dump() == golden().dump());
}

TEST_CASE("each wish adds its own field and nothing else") {
  made({.description = "of all"}, {{"description", "of all"}});
  made({.history = 64}, {{"max_msgs_per_subject", 64}});
  made({.storage = "memory"}, {{"storage", "memory"}});
  made({.replicas = 3}, {{"num_replicas", 3}});
  made({.max_value_size = Size{1024}}, {{"max_msg_size", 1024}});
  made({.max_bucket_size = Size{1 << 20}}, {{"max_bytes", 1 << 20}});
  made({.compress = true}, {{"compression", "s2"}});
  made({.tags = std::vector<std::string>{"x", "y"}}, {{"placement", {{"tags", {"x", "y"}}}}});
  made({.cluster = "east"}, {{"placement", {{"cluster", "east"}}}});
  made({.tags = std::vector<std::string>{"x"}, .cluster = "east"},
       {{"placement", {{"cluster", "east"}, {"tags", {"x"}}}}});
  made({.metadata = {{"team", "a"}, {"empty", ""}}}, {{"metadata", {{"team", "a"}, {"empty", ""}}}});
  made({.republish_destination = "out.>"}, {{"republish", {{"dest", "out.>"}}}});
  made({.republish_source = "$KV.b.x.>", .republish_destination = "out.>", .republish_headers = true},
       {{"republish", {{"src", "$KV.b.x.>"}, {"dest", "out.>"}, {"headers_only", true}}}});
}

TEST_CASE("wishes for the default change nothing") {
  made({.description = ""}, {{"description", ""}});
  made({.ttl = Span{0},
        .marker_ttl = Span{0},
        .max_value_size = Size{-1},
        .max_bucket_size = Size{0},
        .compress = false,
        .tags = std::vector<std::string>{},
        .cluster = ""},
       Json::object());
}

TEST_CASE("the window of duplicates follows the TTL up to two minutes") {
  made({.ttl = seconds(60)}, {{"max_age", 60'000'000'000}, {"duplicate_window", 60'000'000'000}});
  made({.ttl = seconds(120)}, {{"max_age", 120'000'000'000}});
  made({.ttl = seconds(3600)}, {{"max_age", 3'600'000'000'000}});
  // edit: a window that ADR-8 made follows, one that somebody chose stays, where the server takes it.
  const auto window = [](const Json& config, Span ttl) {
    return changed(config, {.ttl = ttl}).at("duplicate_window").get<std::int64_t>();
  };
  const Json short_lived = bucket_config("b", {.ttl = seconds(60)});
  CHECK(window(short_lived, seconds(3600)) == 120'000'000'000);
  CHECK(window(short_lived, Span{0}) == 120'000'000'000);
  Json chosen = golden({{"duplicate_window", 5'000'000'000}});
  CHECK(window(chosen, seconds(3600)) == 5'000'000'000);
  CHECK(window(chosen, seconds(1)) == 1'000'000'000);
}

TEST_CASE("a marker TTL allows TTLs of single keys; without one they stay allowed") {
  made({.marker_ttl = seconds(90)}, {{"allow_msg_ttl", true}, {"subject_delete_marker_ttl", 90'000'000'000}});
  const Json off = changed(bucket_config("b", {.marker_ttl = seconds(90)}), {.marker_ttl = Span{0}});
  CHECK(off.at("allow_msg_ttl") == true);
  CHECK_FALSE(off.contains("subject_delete_marker_ttl"));
}

TEST_CASE("a mirror has no subjects and answers direct gets") {
  made({.mirror = "o"}, {{"subjects", nullptr}, {"mirror", {{"name", "KV_o"}}}, {"mirror_direct", true}});
  made({.mirror = "o", .mirror_domain = "hub"},
       {{"subjects", nullptr},
        {"mirror", {{"name", "KV_o"}, {"external", {{"api", "$JS.hub.API"}}}}},
        {"mirror_direct", true}});
  CHECK(sorted(changed(bucket_config("b", {.mirror = "o"}), {.no_mirror = true})) == sorted(golden()));
  CHECK(sorted(changed(golden(), {.no_mirror = true})) == sorted(golden()));
}

TEST_CASE("a source is transformed to the bucket's own subjects") {
  const auto source = [](const std::string& name) {
    return Json{{"name", "KV_" + name},
                {"subject_transforms", Json::array({{{"src", "$KV." + name + ".>"}, {"dest", "$KV.b.>"}}})}};
  };
  made({.sources = {"x", "y"}}, {{"sources", Json::array({source("x"), source("y")})}});
  // edit: what is there stays, twice is once.
  const Json x = bucket_config("b", {.sources = {"x"}});
  CHECK(sorted(changed(x, {.sources = {"y", "x"}})) ==
        sorted(golden({{"sources", Json::array({source("x"), source("y")})}})));
  CHECK(sorted(changed(x, {.no_sources = {"x"}})) == sorted(golden()));
  CHECK(test::failure([&] { return changed(x, {.no_sources = {"z"}}); }) ==
        "1: bucket \"b\" has no source \"z\"");
}

TEST_CASE("what edit does not name stays, known or not") {
  const Json strange = golden({{"allow_direct", false},
                               {"max_msgs", 1000},
                               {"consumer_limits", {{"max_ack_pending", 5}}},
                               {"of_the_future", {{"a", Json::array({1, 2})}}}});
  Json expected = strange;
  expected["max_msgs_per_subject"] = 9;
  CHECK(changed(strange, {.history = 9}) == expected);
  CHECK(changed(strange, {}) == strange);
}

TEST_CASE("metadata is set beside what is there, and the server's own is never removed") {
  const Json had = golden({{"metadata", {{"a", "1"}, {"b", "2"}, {"_nats.level", "1"}}}});
  CHECK(changed(had, {.metadata = {{"b", "3"}, {"c", "4"}}}).at("metadata") ==
        Json({{"a", "1"}, {"b", "3"}, {"_nats.level", "1"}, {"c", "4"}}));
  CHECK(changed(had, {.no_metadata = true}).at("metadata") == Json({{"_nats.level", "1"}}));
  CHECK(changed(had, {.metadata = {{"x", "y"}}, .no_metadata = true}).at("metadata") ==
        Json({{"_nats.level", "1"}, {"x", "y"}}));
  CHECK_FALSE(changed(golden({{"metadata", {{"a", "1"}}}}), {.no_metadata = true}).contains("metadata"));
}

// Found by fuzzing.
TEST_CASE("a republishing that says nothing is none, however often that is looked at") {
  const Json nothing = golden({{"republish", {{"src", ">"}, {"dest", ""}}}});
  CHECK(significant(nothing) == significant(significant(nothing)));
  CHECK(differing(nothing, golden(Json::object())).empty());
}

TEST_CASE("republishing is changed in parts, and needs a destination") {
  const Json had = golden({{"republish", {{"src", "$KV.b.>"}, {"dest", "out.>"}}}});
  CHECK(changed(had, {.republish_headers = true}).at("republish").at("headers_only") == true);
  CHECK(changed(had, {.republish_destination = "x.>"}).at("republish") ==
        Json({{"src", "$KV.b.>"}, {"dest", "x.>"}}));
  CHECK(changed(had, {.republish_destination = "x.>", .no_republish = true}).at("republish") ==
        Json({{"dest", "x.>"}}));
  CHECK_FALSE(changed(had, {.no_republish = true}).contains("republish"));
  CHECK(test::failure([] { return bucket_config("b", {.republish_source = "a"}); }) ==
        "2: --republish-source needs --republish-destination");
  CHECK(test::failure([] { return bucket_config("b", {.republish_headers = true}); }) ==
        "2: --republish-headers needs --republish-destination");
}

TEST_CASE("placement is replaced part by part and goes when nothing is left") {
  const Json had = golden({{"placement", {{"cluster", "c"}, {"tags", {"t"}}}}});
  CHECK(changed(had, {.cluster = ""}).at("placement") == Json({{"tags", {"t"}}}));
  CHECK(changed(had, {.tags = std::vector<std::string>{"u", "v"}}).at("placement") ==
        Json({{"cluster", "c"}, {"tags", {"u", "v"}}}));
  CHECK_FALSE(changed(had, {.tags = std::vector<std::string>{}, .cluster = ""}).contains("placement"));
}

TEST_CASE("a server's defaults are no difference, everything else is") {
  const Json plain = golden();
  Json echoed = golden({{"sealed", false},
                        {"deny_purge", false},
                        {"compression", "none"},
                        {"consumer_limits", Json::object()},
                        {"mirror_direct", false},
                        {"allow_msg_ttl", false},
                        {"persist_mode", "default"},
                        {"metadata", {{"_nats.level", "2"}, {"_nats.req.level", "0"}}},
                        {"retention", nullptr}});
  CHECK(differing(plain, echoed).empty());
  CHECK(differing(echoed, plain).empty());
  echoed["max_age"] = 1;
  echoed["metadata"]["mine"] = "";
  echoed["unknown"] = 7;
  CHECK(differing(plain, echoed) == Names{"max_age", "metadata", "unknown"});
  CHECK(differing(echoed, plain) == Names{"max_age", "metadata", "unknown"});
  CHECK(differing(golden({{"allow_direct", false}}), plain) == Names{"allow_direct"});
  CHECK(differing(golden({{"republish", {{"dest", "x"}}}}),
                  golden({{"republish", {{"src", ">"}, {"dest", "x"}}}}))
            .empty());
  CHECK(differing(bucket_config("b", {.sources = {"x", "y"}}), bucket_config("b", {.sources = {"y", "x"}}))
            .empty());
}

TEST_CASE("direct gets of a mirror are the server's choice") {
  Json mirror = bucket_config("b", {.mirror = "o"});
  mirror["mirror_direct"] = false;
  CHECK(differing(bucket_config("b", {.mirror = "o"}), mirror).empty());
}

TEST_CASE("what a server dropped is told, what it added is not") {
  const Json asked = bucket_config("b", {.compress = true, .metadata = {{"a", "b"}}});
  CHECK(not_kept(asked, golden()) == Names{"compression", "metadata"});
  CHECK(not_kept(asked, asked).empty());
  CHECK(not_kept(golden(), golden({{"allow_msg_ttl", true}})).empty());
  CHECK(not_kept(golden({{"num_replicas", 3}}), golden()) == Names{"num_replicas"});
}

TEST_CASE("a stream of a bucket's name is a bucket only with its subjects, or as a copy") {
  CHECK(is_bucket("b", golden()));
  CHECK(is_bucket("b", golden({{"subject_transform", {{"src", "$KV.b.old.>"}, {"dest", "$KV.b.new.>"}}}})));
  CHECK(is_bucket("b", bucket_config("b", {.sources = {"o", "p"}})));
  CHECK(is_bucket("b", bucket_config("b", {.mirror = "o", .mirror_domain = "hub"})));
  // Other subjects beside its own do no harm.
  CHECK(is_bucket("b", golden({{"subjects", {"orders.>", "$KV.b.>"}}})));
  CHECK(other_subjects("b", golden({{"subjects", {"orders.>", "$KV.b.>"}}})) ==
        std::vector<std::string>{"orders.>"});
  CHECK_FALSE(is_bucket("b", golden({{"subjects", {"$KV.b.x", "$KV.other.>"}}})));
  CHECK_FALSE(is_bucket("b", golden({{"subjects", nullptr}, {"mirror", {{"name", "ORDERS"}}}})));
  CHECK_FALSE(is_bucket("b", golden({{"subjects", nullptr}, {"sources", Json::array()}})));
  CHECK_FALSE(
      is_bucket("b", golden({{"subjects", nullptr}, {"sources", Json::array({{{"name", "ORDERS"}}})}})));
  // Of any stream, where it is stored as keys of this bucket.
  const auto transformed = [](const std::string& dest) {
    return Json{{"name", "ORDERS"},
                {"subject_transforms", Json::array({{{"src", "orders.>"}, {"dest", dest}}})}};
  };
  CHECK(is_bucket("b", golden({{"subjects", nullptr}, {"mirror", transformed("$KV.b.>")}})));
  CHECK(is_bucket("b", golden({{"subjects", nullptr}, {"sources", Json::array({transformed("$KV.b.>")})}})));
  CHECK_FALSE(is_bucket("b", golden({{"subjects", nullptr}, {"mirror", transformed("x.>")}})));
  CHECK(is_bucket("b", bucket_config("b", {.mirror = "o"})));
  CHECK(is_bucket("b", golden({{"subjects", nullptr}, {"sources", Json::array({{{"name", "KV_o"}}})}})));
  CHECK_FALSE(is_bucket("b", golden({{"subjects", {"orders.>"}}})));
  CHECK_FALSE(is_bucket("b", golden({{"subjects", nullptr}})));
  CHECK_FALSE(is_bucket("b", golden({{"max_msgs_per_subject", -1}})));
  CHECK_FALSE(is_bucket("c", golden()));
}

TEST_CASE("a mirror's window of duplicates says nothing: a cluster drops it, a server alone fills it in") {
  const auto wanted = bucket_config("b", {.mirror = "o"});
  auto answered = wanted;
  answered["duplicate_window"] = 0;
  CHECK(differing(wanted, answered).empty());
  CHECK(not_kept(wanted, answered).empty());
}

TEST_CASE("what a bucket has unlike add's is told") {
  CHECK(oddities("b", bucket_config("b", {})).empty());
  CHECK(oddities("b", bucket_config("b", {.sources = {"o"}})).empty());
  CHECK(oddities("b", bucket_config("b", {.mirror = "o"})).empty());
  CHECK(oddities("b", golden({{"discard", "old"}, {"allow_rollup_hdrs", false}})).size() == 2);
  CHECK(oddities("b", golden({{"retention", "interest"}})).size() == 1);
  auto config = golden({{"discard", "old"}, {"allow_direct", false}, {"max_age", 1'000'000'000}});
  bring_up_to_date(config);
  CHECK(oddities("b", config).empty());
  CHECK(config["duplicate_window"] == 1'000'000'000);
}

TEST_CASE("names and domains of origins") {
  CHECK(bucket_of("KV_x") == "x");
  CHECK(bucket_of("ORDERS") == "ORDERS");
  CHECK(domain_of(Json::parse(R"({"external": {"api": "$JS.hub.API"}})")) == "hub");
  CHECK(domain_of(Json::parse(R"({"external": {"api": "other.api"}})")).empty());
  CHECK(domain_of(Json::parse(R"({"external": {"api": "$JS.API"}})")).empty());
  CHECK(domain_of(Json::object()).empty());
}

TEST_CASE("the options that old servers would drop are known with their version") {
  const auto names = [](const BucketChanges& wishes) {
    std::string text;
    for (const auto& need : needs(wishes))
      text += std::string(need.option) + " 2." + std::to_string(need.minor) + "\n";
    return text;
  };
  CHECK(names({.marker_ttl = seconds(1), .compress = true, .metadata = {{"a", "b"}}, .sources = {"x"}}) ==
        "--marker-ttl 2.11\n--compress 2.10\n--metadata 2.10\n--source 2.10\n");
  CHECK(names({.description = "",
               .history = 2,
               .storage = "memory",
               .ttl = seconds(1),
               .marker_ttl = Span{0},
               .replicas = 3,
               .compress = false,
               .tags = std::vector<std::string>{"t"},
               .republish_destination = "x",
               .mirror = "o"})
            .empty());
}
