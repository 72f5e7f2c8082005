// nats.c's objects as owning handles: a Handle is the size of a pointer.
#pragma once

#include <nats/nats.h>

#include <memory>

namespace natskv::nats {

template <auto Destroy>
struct Destroyer {
  template <class T>
  void operator()(T* handle) const noexcept {
    Destroy(handle);
  }
};
template <class T, auto Destroy>
using Handle = std::unique_ptr<T, Destroyer<Destroy>>;

using Options = Handle<natsOptions, natsOptions_Destroy>;
using Connection = Handle<natsConnection, natsConnection_Destroy>;
using JetStream = Handle<jsCtx, jsCtx_Destroy>;
using Message = Handle<natsMsg, natsMsg_Destroy>;
using Store = Handle<kvStore, kvStore_Destroy>;
using Statistics = Handle<natsStatistics, natsStatistics_Destroy>;
using Inbox = Handle<natsInbox, natsInbox_Destroy>;
using PubAck = Handle<jsPubAck, jsPubAck_Destroy>;

}  // namespace natskv::nats
