// All current values by one ordered subscription with a callback: subscribe URL BUCKET [names]
// Writes nothing but how many there were; "names": headers only.
#include <nats/nats.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static volatile int done;
static volatile long count;

static void taken(natsConnection* connection, natsSubscription* subscription, natsMsg* message, void* closure) {
  const char* reply = natsMsg_GetReply(message);
  const char* last = reply == NULL ? NULL : strrchr(reply, '.');
  (void)connection, (void)subscription, (void)closure;
  count++;
  if (last != NULL && strcmp(last, ".0") == 0) done = 1;
  natsMsg_Destroy(message);
}

int main(int argc, char** argv) {
  natsConnection* connection = NULL;
  natsSubscription* subscription = NULL;
  jsCtx* js = NULL;
  jsOptions wait;
  jsSubOptions options;
  char subject[256], stream[256];
  if (argc < 3) return 2;
  snprintf(subject, sizeof subject, "$KV.%s.>", argv[2]);
  snprintf(stream, sizeof stream, "KV_%s", argv[2]);
  jsOptions_Init(&wait);
  wait.Wait = 60000;
  jsSubOptions_Init(&options);
  options.Stream = stream;
  options.Ordered = true;
  options.Config.HeadersOnly = argc > 3;
  natsStatus s = natsConnection_ConnectTo(&connection, argv[1]);
  if (s == NATS_OK) s = natsConnection_JetStream(&js, connection, NULL);
  if (s == NATS_OK) s = js_Subscribe(&subscription, js, subject, taken, NULL, &wait, &options, NULL);
  if (s == NATS_OK) s = natsSubscription_SetPendingLimits(subscription, -1, -1);
  while (s == NATS_OK && !done) nats_Sleep(1);
  printf("%ld\n", count);
  if (s != NATS_OK) fprintf(stderr, "subscribe: %s\n", natsStatus_GetText(s));
  natsSubscription_Destroy(subscription);
  jsCtx_Destroy(js);
  natsConnection_Destroy(connection);
  nats_Close();
  return s == NATS_OK ? 0 : 1;
}
