/* The smallest program that reads a bucket's current values with nats.c: one ordered subscription, counting
   messages and bytes. What natskv keys and watch --initial are measured against.
   Use: subscribe BUCKET [headers]   (NATS_URL names the server) */
#include <nats/nats.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void check(natsStatus status) {
  if (status == NATS_OK) return;
  nats_PrintLastErrorStack(stderr);
  exit(1);
}

int main(int argc, char** argv) {
  natsConnection* connection = NULL;
  jsCtx* js = NULL;
  natsSubscription* subscription = NULL;
  jsSubOptions options;
  jsErrCode code;
  char stream[256], subject[256];
  unsigned long long messages = 0, bytes = 0;

  if (argc < 2 || getenv("NATS_URL") == NULL) return 2;
  snprintf(stream, sizeof stream, "KV_%s", argv[1]);
  snprintf(subject, sizeof subject, "$KV.%s.>", argv[1]);
  check(natsConnection_ConnectTo(&connection, getenv("NATS_URL")));
  check(natsConnection_JetStream(&js, connection, NULL));
  jsSubOptions_Init(&options);
  options.Stream = stream;
  options.Ordered = true;
  options.Config.DeliverPolicy = js_DeliverAll;
  options.Config.HeadersOnly = argc > 2;
  check(js_SubscribeSync(&subscription, js, subject, NULL, &options, &code));
  check(natsSubscription_SetPendingLimits(subscription, -1, -1));
  for (;;) {
    natsMsg* message = NULL;
    const char* reply;
    int last;
    check(natsSubscription_NextMsg(&message, subscription, 30000));
    ++messages;
    bytes += (unsigned long long)natsMsg_GetDataLength(message);
    reply = strrchr(natsMsg_GetReply(message), '.');
    last = reply != NULL && strcmp(reply, ".0") == 0;
    natsMsg_Destroy(message);
    if (last) break;
  }
  printf("%llu messages, %llu bytes\n", messages, bytes);
  natsSubscription_Destroy(subscription);
  jsCtx_Destroy(js);
  natsConnection_Destroy(connection);
  nats_Close();
  return 0;
}
