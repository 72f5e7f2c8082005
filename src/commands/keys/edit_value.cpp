// edit-value: a value in the user's editor, stored with compare-and-set.
#include "app/invocation.hpp"
#include "base/failure.hpp"
#include "base/file.hpp"
#include "base/quote.hpp"
#include "commands/all.hpp"
#include "commands/keys/store.hpp"
#include "commands/keys/write.hpp"
#include "commands/shared/command.hpp"
#include "commands/shared/editor.hpp"

#include <fmt/format.h>

#include <stdlib.h>  // mkdtemp

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <filesystem>
#include <system_error>

namespace natskv::commands {
namespace {

// A file with the value that nobody else can read, in its own folder. Removed with the object unless it is
// kept.
class Draft {
 public:
  /// `most`: the largest size that it may have.
  Draft(const std::string& key, const std::string& value, std::uint64_t most) : most_(most) {
    folder_ = temporary_folder() + "/natskv-edit-XXXXXX";
    if (::mkdtemp(folder_.data()) == nullptr) {
      throw cannot("make a folder for the value", errno);
    }
    // The key's name, by whose ending editors choose colours.
    std::string name = key;
    std::replace(name.begin(), name.end(), '/', '_');
    constexpr std::size_t longest = 200;
    if (name.size() > longest) name = name.substr(name.size() - longest);
    if (name.starts_with('.') || name.starts_with('-')) name.insert(0, "_");
    path_ = folder_ + "/" + name;
    write_private(path_, value);
  }
  ~Draft() {
    std::error_code ignored;
    if (!kept_) std::filesystem::remove_all(folder_, ignored);
  }
  Draft(const Draft&) = delete;
  Draft& operator=(const Draft&) = delete;

  [[nodiscard]] const std::string& path() const { return path_; }
  [[nodiscard]] std::string read() const {
    const File file = open_to_read(path_, "the edited value");
    return read_all(file.fd(), "the edited value", in_quotes(path_), most_);
  }
  /// Keeps it, if the editor left it, readable only by its owner whatever mode the editor gave it.
  void keep() {
    std::error_code ignored;
    kept_ = std::filesystem::is_regular_file(path_, ignored);
    if (!kept_) return;
    std::filesystem::permissions(
        path_, std::filesystem::perms::owner_read | std::filesystem::perms::owner_write, ignored);
  }

 private:
  std::string folder_, path_;
  std::uint64_t most_;
  bool kept_ = false;
};

class EditValue final : public Action {
  std::string bucket_, key_;
  StoreOptions options_;

  void declare(Declaration& a) override {
    a.bucket(bucket_);
    a.key(key_);
    options_.declare_kept(a);
  }

  int run(Invocation& natskv) override {
    (void)natskv.format(Style::write());
    auto bucket = natskv.bucket(bucket_);
    const OwnedEntry found = bucket.live(bucket.latest(key_), key_, {});
    const std::string before(found.entry.value.data);
    Draft draft(key_, before, natskv.session().max_payload());
    natskv.session().lift_deadline();
    edit(natskv, draft, before);
    const std::string after = read_again(draft, before);
    if (after == before) {
      natskv.note(
          fmt::format("key \"{}\" in bucket \"{}\" is unchanged, nothing was written", key_, bucket_));
      return 0;
    }
    return store(natskv, draft, after, found.entry.revision);
  }

  static std::string made_of(const Draft& draft, const std::string& before) {
    std::string after = draft.read();
    // Editors add a newline to the last line, which the value did not have.
    if (!before.empty() && !before.ends_with('\n') && after.ends_with('\n')) after.pop_back();
    return after;
  }

  static std::string read_again(Draft& draft, const std::string& before) {
    try {
      return made_of(draft, before);
    } catch (const Failure& failure) {  // too large, most likely
      draft.keep();
      throw Failure(Exit::failure, fmt::format("{}; nothing was written", failure.what()));
    }
  }

  // "; the edit is in FILE" if an editor that failed had saved something.
  static std::string kept(Draft& draft, const std::string& before) {
    try {
      if (made_of(draft, before) == before) return {};
    } catch (const Failure&) {  // the file is gone
      return {};
    }
    draft.keep();
    return fmt::format("; the edit is in {}", in_quotes(draft.path()));
  }

  static void edit(Invocation& natskv, Draft& draft, const std::string& before) {
    const std::string program = editor();
    const int status = run_editor(natskv, program, draft.path());
    if (!natskv.stop() && status == 0) return;
    const std::string where = kept(draft, before);
    if (natskv.stop()) throw Stopped{where.empty() ? "" : "nothing was written" + where};
    throw editor_failed(program, status, where);
  }

  int store(Invocation& natskv, Draft& draft, const std::string& value, std::uint64_t revision) {
    try {
      connect_where_lost(natskv);
      natskv.session().arm_deadline(natskv.session().timeout());
      auto bucket = natskv.bucket(bucket_);
      return print(natskv, options_.store(natskv, bucket, key_, value, revision));
    } catch (const Failure& failure) {
      draft.keep();
      throw failure.saying(fmt::format("{}; the edit is in {}", failure.what(), in_quotes(draft.path())));
    } catch (const Stopped&) {
      draft.keep();
      throw Stopped{fmt::format("the edit may not have been stored, it is in {}", in_quotes(draft.path()))};
    } catch (...) {
      draft.keep();
      throw;
    }
  }
};

}  // namespace

const Verb edit_value{
    .name = "edit-value",
    .group = Group::keys,
    .summary = "Edit a value in your editor",
    .description =
        R"(Opens the value in $VISUAL, else $EDITOR, else vi, and stores the result if the key has not changed meanwhile.
An unchanged value is not written, nor is anything if the editor ends with a status other than 0. A newline that the
editor adds to a value without one is removed.

If the edit cannot be stored (the key was written meanwhile, status 4; the server does not answer; the editor failed
or a signal came after it had saved), it is kept in a file that only you can read, and the message names it. While it
is edited, the value is in such a file in $TMPDIR, else /tmp.

If the key has a time to live, that ends with this write, and a warning says so; --keep-ttl keeps what is left of it.
To create a key use natskv create.)",
    .output = R"(The new revision, one number; nothing if nothing was written.)",
    .examples =
        R"(# In the editor that $VISUAL or $EDITOR names:
$ natskv edit-value config greeting
2
# With another program as the editor, in a script:
$ EDITOR='sed -i s/hello/goodbye/' natskv edit-value config greeting
3
)",
    .make = make_action<EditValue>,
};

}  // namespace natskv::commands
