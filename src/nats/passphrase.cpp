#include "nats/passphrase.hpp"

#include <openssl/ui.h>

#include <atomic>

namespace natskv::nats {
namespace {

std::atomic<bool> refused{false};

int refuse(UI*, UI_STRING*) {
  refused = true;
  return 0;
}

}  // namespace

void refuse_passphrases() {
  static UI_METHOD* const refusing = [] {
    UI_METHOD* method = UI_create_method("natskv does not ask for a passphrase");
    if (method == nullptr) return method;
    UI_method_set_reader(method, refuse);
    UI_set_default_method(method);
    return method;
  }();
  (void)refusing;
  refused = false;
}

bool passphrase_refused() { return refused; }

}  // namespace natskv::nats
