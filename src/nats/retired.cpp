#include "nats/retired.hpp"

namespace natskv::nats {

void Retired::take(natsSubscription* subscription) {
  natsSubscription_Unsubscribe(subscription);
  subscriptions_.push_back(subscription);
}

void Retired::free_all() noexcept {
  for (auto* subscription : subscriptions_) natsSubscription_Destroy(subscription);
  subscriptions_.clear();
}

}  // namespace natskv::nats
